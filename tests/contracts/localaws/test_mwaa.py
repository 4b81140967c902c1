"""MWAA's API as boto3 speaks it: environments, updates, and the REST API of an Airflow behind them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from localaws.sagemaker.validation import violations
from tests.contracts.localaws.harness import Server, unique

PASSWORD, TOKEN = "let-me-in", "a-token"


class ScriptedAirflow(BaseHTTPRequestHandler):
    """Gives a token for the password, and answers what the path says with it."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            known = body == {"username": "admin", "password": PASSWORD}
            self._answer(201 if known else 401, {"access_token": TOKEN} if known else {})
        else:
            self._answer(200, {"path": self.path, "body": body})

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        status = 404 if "missing" in self.path else 500 if "broken" in self.path else 200 if known else 401
        self._answer(status, {"path": self.path, "detail": f"status {status}"})

    def _answer(self, status: int, members: Any) -> None:
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def airflow() -> Iterator[str]:
    """The address of a scripted Airflow."""
    server = HTTPServer(("127.0.0.1", 0), ScriptedAirflow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mwaa(server: Server) -> Any:
    """A boto3 client; MWAA's hosts have names that one endpoint has not."""
    return server.client("mwaa", inject_host_prefix=False)


@pytest.fixture
def name(mwaa: Any) -> str:
    """An environment."""
    made = unique("environment")
    mwaa.create_environment(
        Name=made,
        ExecutionRoleArn="arn:aws:iam::123456789012:role/mwaa",
        SourceBucketArn="arn:aws:s3:::mwaa",
        DagS3Path="dags",
        AirflowVersion="3.2.1",
        NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    )
    return made


@pytest.fixture
def answering(server: Server, name: str, airflow: str) -> str:
    """An environment that stands for the scripted Airflow."""
    server.admin("PUT", f"/mwaa/environments/{name}", {"url": airflow, "password": PASSWORD})
    return name


def test_environment_is_described_as_it_was_made(mwaa: Any, name: str) -> None:
    """With its status, its ARN and the times that the model says."""
    found = mwaa.get_environment(Name=name)["Environment"]
    assert (found["Status"], found["AirflowVersion"], found["DagS3Path"]) == ("AVAILABLE", "3.2.1", "dags")
    assert found["Arn"] == f"arn:aws:airflow:eu-west-1:123456789012:environment/{name}"
    assert found["CreatedAt"].year >= 2026
    assert name in mwaa.list_environments()["Environments"]


def test_answers_are_the_models_too(mwaa: Any, server: Server, name: str) -> None:
    """What the stand-in says of an environment, before an update and after one that failed, is what MWAA may say."""
    shape = mwaa.meta.service_model.shape_for("Environment")
    for failure in ("", "no such package"):
        server.admin("PUT", f"/mwaa/environments/{name}", {"update_seconds": 0, "update_failure": failure})
        mwaa.update_environment(Name=name, EnvironmentClass="mw1.medium")
        found = mwaa.get_environment(Name=name)["Environment"]
        assert not ParamValidator().validate(found, shape).has_errors()
        assert list(violations(found, shape, "")) == []


def test_update_shows_its_end(mwaa: Any, server: Server, name: str) -> None:
    """What it was given is there once it has ended; a reason why it has failed is the model's."""
    server.admin("PUT", f"/mwaa/environments/{name}", {"update_seconds": 0, "update_failure": "no such package"})
    mwaa.update_environment(Name=name, EnvironmentClass="mw1.medium")
    found = mwaa.get_environment(Name=name)["Environment"]
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("UPDATE_FAILED", "FAILED")
    assert found["LastUpdate"]["Error"]["ErrorMessage"] == "no such package"
    mwaa.update_environment(Name=name, EnvironmentClass="mw1.medium")
    assert mwaa.get_environment(Name=name)["Environment"]["EnvironmentClass"] == "mw1.medium"


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("get_environment", {"Name": "none-of-that-name"}, "ResourceNotFoundException"),
        ("update_environment", {"Name": "none-of-that-name"}, "ResourceNotFoundException"),
        ("create_cli_token", {"Name": "any"}, "UnsupportedOperation"),
    ],
)
def test_refusals_are_in_mwaas_words(mwaa: Any, operation: str, arguments: dict[str, str], code: str) -> None:
    """What is not there, and what the stand-in does not do."""
    with pytest.raises(ClientError) as refused:
        getattr(mwaa, operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == code


def test_a_path_that_is_too_long_is_refused(server: Server, mwaa: Any, name: str) -> None:
    """As the service's model has it: a client that does not check would learn it on AWS only."""
    assert mwaa.meta.service_model.shape_for("RestApiPath").metadata["max"] == 64
    loose = server.client("mwaa", inject_host_prefix=False, parameter_validation=False)
    with pytest.raises(ClientError, match="length less than or equal to 64"):
        loose.invoke_rest_api(Name=name, Method="GET", Path=f"/dags/{'d' * 64}")


def test_rest_api_answers_through_the_environment(mwaa: Any, answering: str) -> None:
    """Query and body reach Airflow's API v2, and its answer comes back."""
    asked = mwaa.invoke_rest_api(Name=answering, Method="GET", Path="/dags", QueryParameters={"limit": 5})
    assert asked["RestApiStatusCode"] == 200
    assert asked["RestApiResponse"]["path"] == "/api/v2/dags?limit=5"
    sent = mwaa.invoke_rest_api(Name=answering, Method="POST", Path="/dags/a/dagRuns", Body={"conf": {"x": None}})
    assert sent["RestApiResponse"] == {"path": "/api/v2/dags/a/dagRuns", "body": {"conf": {"x": None}}}


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [("/missing", "RestApiClientException", 404), ("/broken", "RestApiServerException", 500)],
)
def test_what_airflow_refuses_comes_as_an_error(mwaa: Any, answering: str, path: str, code: str, status: int) -> None:
    """With Airflow's own status and words."""
    with pytest.raises(ClientError) as refused:
        mwaa.invoke_rest_api(Name=answering, Method="GET", Path=path)
    told = refused.value.response
    assert (told["Error"]["Code"], told["RestApiStatusCode"]) == (code, status)
    assert told["RestApiResponse"]["detail"] == f"status {status}"


def test_environment_without_an_airflow_says_so(mwaa: Any, name: str) -> None:
    """Nothing answers in its place."""
    with pytest.raises(ClientError, match="no Airflow stands for this environment"):
        mwaa.invoke_rest_api(Name=name, Method="GET", Path="/dags")
