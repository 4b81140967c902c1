"""Routes of SageMaker's control plane, as moto's server looks them up."""

from localaws.sagemaker.responses import LocalSageMakerResponse

url_bases = [r"https?://api\.sagemaker\.(.+)\.amazonaws.com"]

url_paths = {"{0}/$": LocalSageMakerResponse.dispatch}
