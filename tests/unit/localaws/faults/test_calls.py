"""What a request is about, read from it without taking anything from the service that answers it."""

from typing import Any

from werkzeug.test import EnvironBuilder

from localaws.faults.calls import Call, call_of, job_name

S3 = "s3"


def environ(service: str, **request: Any) -> dict[str, Any]:
    """A signed request, as a server hands it to an application."""
    signature = f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, Signature=x"
    headers = {"Authorization": signature, **request.pop("headers", {})}
    made: dict[str, Any] = EnvironBuilder(headers=headers, **request).get_environ()
    return made


def test_a_json_request_names_its_operation_and_its_job() -> None:
    """The target header has the operation, the body the job."""
    body, headers = b'{"TrainingJobName": "churn-1"}', {"X-Amz-Target": "SageMaker.CreateTrainingJob"}
    asked = environ("sagemaker", method="POST", data=body, headers=headers)
    assert call_of(asked) == Call(service="sagemaker", operation="CreateTrainingJob", job="churn-1")
    assert asked["wsgi.input"].read() == body


def test_a_form_names_its_operation() -> None:
    """Services of the query protocol have the operation in the body, which is there for them afterwards."""
    asked = environ("sns", method="POST", data={"Action": "Publish", "Message": "a&b"})
    assert call_of(asked) == Call(service="sns", operation="Publish")
    assert asked["wsgi.input"].read() == b"Action=Publish&Message=a%26b"


def test_an_rpc_path_names_its_operation() -> None:
    """CloudWatch's newest protocol has the operation in the path."""
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
    assert call_of(environ("monitoring", method="POST", path=path)).operation == "PutMetricData"


def test_an_s3_request_names_bucket_and_key() -> None:
    """The key is as it was before it was quoted; a bucket alone has none."""
    asked = environ(S3, method="PUT", path="/lake/raw/a%20b/")
    assert call_of(asked) == Call(service=S3, operation="PutObject", bucket="lake", key="raw/a b/")
    assert call_of(environ(S3, path="/lake")) == Call(service=S3, operation="ListObjects", bucket="lake")
    assert call_of(environ(S3, path="/")) == Call(service=S3, operation="ListBuckets")


def test_a_bucket_may_be_in_the_hosts_name() -> None:
    """Clients of an endpoint that is no address put the bucket before it."""
    asked = environ(S3, path="/raw/part.csv", base_url="http://lake.localhost:4566")
    assert call_of(asked) == Call(service=S3, operation="GetObject", bucket="lake", key="raw/part.csv")


def test_an_upload_is_not_read() -> None:
    """The body of an S3 request is left to S3."""
    asked = environ(S3, method="PUT", path="/lake/part.csv", data=b"x")
    before = asked["wsgi.input"]
    call_of(asked)
    assert asked["wsgi.input"] is before


def test_a_request_without_a_name_is_called_by_method_and_path() -> None:
    """Whatever no model knows can still be told apart."""
    assert call_of(environ("sagemaker", method="POST", path="/endpoints/x")).operation == "POST /endpoints/x"


def test_a_body_that_names_no_job() -> None:
    """Malformed bodies and bodies about something else name no job."""
    assert [job_name(body) for body in (b"", b"{", b"[]", b'{"ModelName": "a"}', b'{"TrainingJobName": 1}')] == [
        None
    ] * 5
