"""Faults over HTTP, as boto3 meets them: errors, lost connections, slow and cut transfers, jobs without capacity."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.contracts.localaws.harness import Jobs, Server, is_running, statuses

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different type."
ONCE = {"retries": {"total_max_attempts": 1}}
MIB = 2**20


@dataclass
class Faults:
    """Switches faults on, and looks into the ledger."""

    server: Server

    def add(self, kind: str, **members: Any) -> dict[str, Any]:
        """A fault; its description."""
        status, told = self.server.admin("POST", "/faults", {"kind": kind, **members})
        assert status == 201, told
        return dict(told)

    def listed(self) -> list[dict[str, Any]]:
        """All faults."""
        return list(self.server.admin("GET", "/faults")[1]["faults"])

    def calls(self, query: str) -> list[dict[str, Any]]:
        """The ledger's entries."""
        status, told = self.server.admin("GET", f"/calls?{query}")
        assert status == 200, told
        return list(told["calls"])


@pytest.fixture
def faults(server: Server) -> Iterator[Faults]:
    """No fault outlives its test."""
    yield Faults(server)
    assert server.admin("DELETE", "/faults") == (204, None)


@pytest.mark.parametrize(
    ("service", "signed", "operation"),
    [
        ("sagemaker", "sagemaker", "ListTrainingJobs"),
        ("s3", "s3", "ListBuckets"),
        ("sns", "sns", "ListTopics"),
        ("logs", "logs", "DescribeLogGroups"),
        ("cloudwatch", "monitoring", "ListMetrics"),
        ("sqs", "sqs", "ListQueues"),
    ],
)
def test_an_error_is_told_in_the_services_protocol(
    server: Server, faults: Faults, service: str, signed: str, operation: str
) -> None:
    """Whatever the protocol, boto3 reads code, message and status; the next request is served."""
    told = {"code": "ExpiredTokenException", "message": "The token has expired", "status": 403}
    faults.add("error", service=signed, operation=operation, **told)
    client = server.client(service, **ONCE)
    call = getattr(client, {name: method for method, name in client.meta.method_to_api_mapping.items()}[operation])
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    assert (response["Error"]["Code"], response["Error"]["Message"]) == (told["code"], told["message"])
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_refused_job_is_not_created(jobs: Jobs, faults: Faults) -> None:
    """An error takes no effect: the job does not exist, and the ledger says so."""
    request = jobs.training_request("pass")
    name = request["TrainingJobName"]
    faults.add("error", service="sagemaker", operation="CreateTrainingJob", job=name, code="ResourceLimitExceeded")
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        jobs.sagemaker.create_training_job(**request)
    with pytest.raises(ClientError, match="Requested resource not found"):
        jobs.sagemaker.describe_training_job(TrainingJobName=name)
    (noted,) = faults.calls(f"operation=CreateTrainingJob&name={name}")
    assert (noted["status"], noted["fault"], noted["took_effect"]) == (400, "error", False)


def test_a_job_whose_creations_reply_is_lost_exists(jobs: Jobs, faults: Faults) -> None:
    """The client sees a closed connection and no answer; asking again, it learns that the name is taken."""
    request = jobs.processing_request("pass")
    name = request["ProcessingJobName"]
    faults.add("lost_reply", service="sagemaker", operation="CreateProcessingJob", job=name)
    sagemaker = jobs.server.client("sagemaker", **ONCE)
    with pytest.raises(ConnectionClosedError):
        sagemaker.create_processing_job(**request)
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.create_processing_job(**request)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
    asked = [(noted["status"], noted["took_effect"]) for noted in faults.calls(f"operation=Create*&name={name}")]
    assert asked == [(200, True), (400, False)]


@pytest.mark.parametrize("size", [10, 20 * MIB])
@pytest.mark.parametrize("kind", ["refused", "cut"])
def test_a_connection_that_breaks_stores_nothing(jobs: Jobs, faults: Faults, kind: str, size: int) -> None:
    """An upload whose connection breaks leaves no object, however large it is; another key goes through."""
    faults.add(kind, service="s3", operation="PutObject", bucket=jobs.bucket, key="raw/*")
    s3 = jobs.server.client("s3", **ONCE)
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket=jobs.bucket, Key="raw/part.csv", Body=b"x" * size)
    s3.put_object(Bucket=jobs.bucket, Key="other", Body=b"y")
    assert jobs.keys() == ["other"]
    s3.put_object(Bucket=jobs.bucket, Key="raw/part.csv", Body=b"x")
    assert jobs.keys("raw/") == ["raw/part.csv"]


def test_a_part_of_an_upload_can_be_cut(jobs: Jobs, faults: Faults) -> None:
    """The second part breaks off: the upload cannot be completed with it, and there is no object."""
    faults.add("cut", service="s3", operation="UploadPart", bucket=jobs.bucket, after=1)
    s3, place = jobs.server.client("s3", **ONCE), {"Bucket": jobs.bucket, "Key": "big"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x" * 5 * MIB)
    with pytest.raises(ConnectionClosedError):
        s3.upload_part(**place, UploadId=upload, PartNumber=2, Body=b"x")
    assert [part["PartNumber"] for part in s3.list_parts(**place, UploadId=upload)["Parts"]] == [1]
    assert jobs.keys() == []


def test_a_slow_service_runs_into_the_clients_timeout(jobs: Jobs, faults: Faults) -> None:
    """A delay that is longer than the client's patience is a timeout; a short one is not noticed."""
    jobs.put("a", "content")
    faults.add("delay", service="s3", operation="GetObject", bucket=jobs.bucket, seconds=0.01)
    assert jobs.text("a") == "content"
    faults.add("delay", service="s3", operation="GetObject", bucket=jobs.bucket, seconds=30)
    with pytest.raises(ReadTimeoutError):
        jobs.server.client("s3", read_timeout=0.5, **ONCE).get_object(Bucket=jobs.bucket, Key="a")


def test_boto3_outlasts_what_is_over_soon(jobs: Jobs, faults: Faults) -> None:
    """A client with retries left sees nothing of two throttled requests."""
    jobs.put("a", "content")
    fault = faults.add("error", service="s3", operation="HeadObject", bucket=jobs.bucket, code="SlowDown", times=2)
    patient = jobs.server.client("s3", retries={"total_max_attempts": 3, "mode": "standard"})
    assert patient.head_object(Bucket=jobs.bucket, Key="a")["ContentLength"] == 7
    assert [(found["hits"], found["left"]) for found in faults.listed() if found["id"] == fault["id"]] == [(2, 0)]


def test_a_training_job_without_capacity_fails_before_it_trains(jobs: Jobs, faults: Faults) -> None:
    """The job is accepted and ends Failed with the reason, without a container; the next one trains."""
    request = jobs.training_request("print('ran')")
    faults.add("job_failure", job=request["TrainingJobName"][:12] + "*", reason=CAPACITY)
    jobs.sagemaker.create_training_job(**request)
    ended = jobs.trained(request["TrainingJobName"])
    assert (ended["TrainingJobStatus"], ended["FailureReason"]) == ("Failed", CAPACITY)
    assert statuses(ended) == ["Starting", "Failed"]
    assert {"TrainingStartTime", "BillableTimeInSeconds", "ModelArtifacts"} & set(ended) == set()
    assert ended["TrainingEndTime"] >= ended["CreationTime"]
    assert all("EndTime" in step for step in ended["SecondaryStatusTransitions"])
    assert jobs.log_lines("Training", request["TrainingJobName"]) == []
    assert jobs.train("pass")["TrainingJobStatus"] == "Completed"


def test_a_processing_job_without_capacity_fails_before_it_starts(jobs: Jobs, faults: Faults) -> None:
    """A processing job fails in the same way."""
    faults.add("job_failure", job="processing-*", reason=CAPACITY)
    ended = jobs.process("print('ran')")
    assert (ended["ProcessingJobStatus"], ended["FailureReason"]) == ("Failed", CAPACITY)
    assert "ProcessingStartTime" not in ended
    assert jobs.log_lines("Processing", ended["ProcessingJobName"]) == []


def test_a_jobs_own_transfers_can_fail(jobs: Jobs, faults: Faults) -> None:
    """What SageMaker itself uploads for a job passes no client: with ``transfers`` a fault hits it, and no request."""
    target = f"s3://{jobs.bucket}/out"
    faults.add("error", service="s3", operation="PutObject", key="out/*", transfers=True, after=1, code="InternalError")
    jobs.put("out/by-a-client", "x")
    folder = "/opt/ml/processing/output"
    ended = jobs.process(
        f"for name in 'abc': open('{folder}/' + name, 'w').write('y')",
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {"S3Uri": target, "LocalPath": folder, "S3UploadMode": "EndOfJob"},
                }
            ]
        },
    )
    assert ended["ProcessingJobStatus"] == "Failed"
    assert ended["FailureReason"].startswith("InternalServerError: Data upload failed:InternalError (500)")
    assert jobs.keys("out/") == ["out/a", "out/by-a-client"]


def test_a_job_whose_checkpoints_cannot_be_kept_is_ended(jobs: Jobs, faults: Faults) -> None:
    """When an upload amid training fails, the job fails, and its process does not run on."""
    script = (
        "import os, time\n"
        "print(os.getpid(), flush=True)\n"
        "open('/opt/ml/checkpoints/epoch', 'w').write('1')\n"
        "time.sleep(600)\n"
    )
    faults.add("error", service="s3", operation="PutObject", key="live/*", transfers=True, code="AccessDenied")
    ended = jobs.train(script, CheckpointConfig={"S3Uri": f"s3://{jobs.bucket}/live"})
    assert ended["FailureReason"].startswith("ClientError: Data upload failed:AccessDenied (400)")
    (process_id,) = jobs.log_lines("Training", ended["TrainingJobName"])
    assert not is_running(int(process_id))


def test_faults_are_listed_and_removed(server: Server, faults: Faults) -> None:
    """A fault has an id, under which it can be removed; a second time there is none."""
    added = faults.add("refused", service="sns", times=None)
    assert added == {"id": added["id"], "kind": "refused", "service": "sns", "after": 0, "times": None} | {
        "left": None,
        "hits": 0,
    }
    assert faults.listed() == [added]
    assert server.admin("DELETE", f"/faults/{added['id']}") == (204, None)
    assert server.admin("DELETE", f"/faults/{added['id']}")[0] == 404
    assert faults.listed() == []


@pytest.mark.parametrize("members", [{"kind": "earthquake"}, ["error"], {"kind": "refused", "service": "s3", "a": 1}])
def test_what_is_no_fault_is_refused(server: Server, faults: Faults, members: object) -> None:
    """HTTP 400 with what was expected, and nothing is switched on."""
    status, told = server.admin("POST", "/faults", members)
    assert status == 400
    assert "expected" in told["error"] or "unknown field" in told["error"]
    assert faults.listed() == []


def test_the_ledger_knows_its_fields(server: Server) -> None:
    """A query for a field that entries do not have is refused, and told which they have."""
    status, told = server.admin("GET", "/calls?colour=red")
    assert status == 400
    assert told["error"].startswith("colour: expected one of service, operation, name")


def test_the_ledger_can_be_cleared(jobs: Jobs, faults: Faults) -> None:
    """What was asked for before is forgotten."""
    query = f"service=s3&operation=CreateBucket&bucket={jobs.bucket}"
    assert [noted["took_effect"] for noted in faults.calls(query)] == [True]
    assert jobs.server.admin("DELETE", "/calls") == (204, None)
    assert faults.calls(query) == []


def test_admin_routes_are_never_hit(server: Server, faults: Faults) -> None:
    """With every unsigned request refused, our own routes and moto's answer as ever."""
    fault = faults.add("refused", service="s3", times=None)
    assert server.admin("GET", "/health")[0] == 200
    motos = f"{server.endpoint}/moto-api/state-manager/get-transition?model_name=batch::job"
    with urllib.request.urlopen(motos) as answer:  # noqa: S310  # our server
        assert answer.status == 200
    assert [found["hits"] for found in faults.listed() if found["id"] == fault["id"]] == [0]
    assert faults.calls("key=health") == []
