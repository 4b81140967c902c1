"""Routes of IAM, as moto's server looks them up."""

from localaws.iam.responses import LocalIamResponse

url_bases = [r"https?://iam\.(.*\.)?amazonaws\.com"]

url_paths = {"{0}/$": LocalIamResponse.dispatch}
