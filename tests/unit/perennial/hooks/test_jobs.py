"""SageMaker jobs by name, against botocore's stubber: requests and answers are held to the service's model."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from perennial.hooks.jobs import KINDS, OWNER_TAG, JobKind, Jobs, reason, took_too_long
from perennial.naming import job_name

NAME = "churn-train-26fa1be354c3"
TRAINING = {
    "TrainingJobName": NAME,
    "TrainingJobArn": f"arn:aws:sagemaker:eu-west-1:123456789012:training-job/{NAME}",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://lake/models/x/model.tar.gz"},
    "TrainingJobStatus": "InProgress",
    "SecondaryStatus": "Training",
    "AlgorithmSpecification": {"TrainingInputMode": "File"},
    "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceType": "ml.m5.large", "InstanceCount": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "CreationTime": 0,
}
REQUEST = {
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
    "RoleArn": "arn:aws:iam::123456789012:role/perennial-jobs",
    "OutputDataConfig": {"S3OutputPath": "s3://lake/models/"},
    "ResourceConfig": TRAINING["ResourceConfig"],
    "StoppingCondition": TRAINING["StoppingCondition"],
}


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    with Stubber(boto3.client("sagemaker")) as stubber:
        yield stubber


@pytest.fixture
def logs() -> Iterator[Stubber]:
    with Stubber(boto3.client("logs")) as stubber:
        yield stubber


@pytest.fixture
def jobs(sagemaker: Stubber, logs: Stubber) -> Jobs:
    return Jobs("training", sagemaker=sagemaker.client, logs=logs.client)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds_are_the_services_own_words(kind: JobKind) -> None:
    """Each method is one of the client's, takes the name field, and answers with the others."""
    client = boto3.client("sagemaker")
    for method in (kind.create, kind.describe, kind.stop):
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        assert kind.name_field in shape.input_shape.members
    answer = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[kind.describe]).output_shape
    assert {kind.name_field, kind.arn_field, kind.status_field} <= set(answer.members)
    listing = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[kind.list])
    assert {"NameContains", "StatusEquals"} <= set(listing.input_shape.members)
    assert {kind.name_field, kind.arn_field} <= set(listing.output_shape.members[kind.summaries_field].member.members)
    assert kind.log_group == f"/aws/sagemaker/{kind.noun}Jobs"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "Requested resource not found."),
        ("ValidationException", f"Could not find requested job with name: {NAME}"),
        ("ResourceNotFound", "Training job not found."),
    ],
)
def test_missing_job_is_none(jobs: Jobs, sagemaker: Stubber, code: str, message: str) -> None:
    """A name that no job has is an answer, whichever words the service has for it."""
    sagemaker.add_client_error("describe_training_job", code, message)
    assert jobs.describe(NAME) is None


def test_refused_description_is_an_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """Not being allowed to look is not the same as there being nothing."""
    sagemaker.add_client_error("describe_training_job", "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        jobs.describe(NAME)


def test_described_job_has_its_status(jobs: Jobs, sagemaker: Stubber) -> None:
    """The status is read from the field that this kind of job has."""
    sagemaker.add_response("describe_training_job", TRAINING, {"TrainingJobName": NAME})
    assert jobs.status(jobs.describe(NAME) or {}) == "InProgress"


def test_created_job_is_new(jobs: Jobs, sagemaker: Stubber) -> None:
    """A job that was created was not there."""
    answer = {"TrainingJobArn": TRAINING["TrainingJobArn"]}
    tags = [{"Key": "model", "Value": "churn"}, {"Key": OWNER_TAG, "Value": "me"}]
    sagemaker.add_response("create_training_job", answer, {"TrainingJobName": NAME, **REQUEST, "Tags": tags})
    assert jobs.create(NAME, {**REQUEST, "Tags": tags[:1]}, owner="me") is True


def test_name_in_use_is_no_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """Names are derived from the task, so a job of that name is the task's own; the answer was lost."""
    sagemaker.add_client_error("create_training_job", "ResourceInUse", "Job name must be unique")
    assert jobs.create(NAME, REQUEST, owner="me") is False


def test_refused_request_is_an_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """Every other refusal reaches the task."""
    sagemaker.add_client_error("create_training_job", "ResourceLimitExceeded", "0 instances of ml.p5")
    with pytest.raises(ClientError, match="0 instances"):
        jobs.create(NAME, REQUEST, owner="me")


def _running(sagemaker: Stubber, *, owner: str) -> None:
    """What `stop` looks at first: the job, and whose it is."""
    sagemaker.add_response("describe_training_job", TRAINING)
    arn = {"ResourceArn": TRAINING["TrainingJobArn"]}
    sagemaker.add_response("list_tags", {"Tags": [{"Key": OWNER_TAG, "Value": owner}]}, arn)


def test_joined_job_is_claimed(jobs: Jobs, sagemaker: Stubber) -> None:
    """The try that joins it puts its own name in place of its forerunner's."""
    tagged = {"ResourceArn": TRAINING["TrainingJobArn"], "Tags": [{"Key": OWNER_TAG, "Value": "me"}]}
    sagemaker.add_response("add_tags", {}, tagged)
    jobs.claim(TRAINING, owner="me")
    sagemaker.assert_no_pending_responses()


def test_own_job_is_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """A try that is killed ends the job that it has started or joined."""
    _running(sagemaker, owner="me")
    sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": NAME})
    assert jobs.stop(NAME, owner="me") is True


def test_job_that_was_taken_over_is_not_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """A worker that lost touch is killed late: its successor's job goes on."""
    _running(sagemaker, owner="another try")
    assert jobs.stop(NAME, owner="me") is False
    sagemaker.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_ended_job_is_left_alone(jobs: Jobs, sagemaker: Stubber, status: str) -> None:
    """Nothing is asked of a job that bills no more."""
    sagemaker.add_response("describe_training_job", {**TRAINING, "TrainingJobStatus": status})
    assert jobs.stop(NAME, owner="me") is False


def test_stopping_what_has_ended_is_no_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """The job is not running any more, which is all that was wanted."""
    _running(sagemaker, owner="me")
    sagemaker.add_client_error("stop_training_job", "ValidationException", "is in status Completed")
    assert jobs.stop(NAME, owner="me") is False
    sagemaker.assert_no_pending_responses()


def test_failing_to_stop_is_an_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """A job that goes on billing is never passed over."""
    _running(sagemaker, owner="me")
    sagemaker.add_client_error("stop_training_job", "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        jobs.stop(NAME, owner="me")


def test_all_jobs_of_these_owners_are_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """Of those that run: what others wait for goes on, and what has ended meanwhile needs nothing."""
    owners = {"churn-train-1": "me", "churn-train-2": "another", "churn-train-3": "my next one", "churn-train-4": None}
    arns = {name: TRAINING["TrainingJobArn"].replace(NAME, name) for name in owners}
    running = [
        {"TrainingJobName": name, "TrainingJobArn": arn, "CreationTime": 0, "TrainingJobStatus": "InProgress"}
        for name, arn in arns.items()
    ]
    asked = {"NameContains": "churn", "StatusEquals": "InProgress"}
    sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": running}, asked)
    for name, owner in owners.items():
        tags = [{"Key": OWNER_TAG, "Value": owner}] if owner else []
        sagemaker.add_response("list_tags", {"Tags": tags}, {"ResourceArn": arns[name]})
        if name == "churn-train-1":
            sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": name})
        if name == "churn-train-3":
            sagemaker.add_client_error("stop_training_job", "ValidationException", "The job has ended")
    assert [*jobs.stop_all("churn", owners=["me", "my next one"])] == ["churn-train-1"]
    sagemaker.assert_no_pending_responses()


def test_a_long_name_is_looked_for_by_its_beginning(jobs: Jobs, sagemaker: Stubber) -> None:
    """Names of jobs are cut to SageMaker's limit."""
    model = "m" * 60
    assert model not in job_name(model, "train", task=("d", "r", -1), configuration={}, generation=12)
    [kept] = {job_name(model, "t", task=("d", "r", -1), configuration={}, generation=999)[:32]}
    sagemaker.add_response(
        "list_training_jobs", {"TrainingJobSummaries": []}, {"NameContains": kept, "StatusEquals": "InProgress"}
    )
    assert [*jobs.stop_all(model, owners=["me"])] == []


def test_last_log_lines(jobs: Jobs, logs: Stubber) -> None:
    """The end of the log of the job's own stream, no longer than was asked for."""
    group = "/aws/sagemaker/TrainingJobs"
    logs.add_response(
        "describe_log_streams",
        {"logStreams": [{"logStreamName": f"{NAME}/algo-1"}]},
        {"logGroupName": group, "logStreamNamePrefix": f"{NAME}/", "limit": 1},
    )
    logs.add_response(
        "get_log_events",
        {"events": [{"message": "fitting"}, {"message": "ValueError: one class"}]},
        {"logGroupName": group, "logStreamName": f"{NAME}/algo-1", "limit": 2},
    )
    assert jobs.last_log_lines(NAME, count=2) == ["fitting", "ValueError: one class"]


def test_log_without_streams_is_empty(jobs: Jobs, logs: Stubber) -> None:
    """A job that failed before it wrote anything has no log, and that is no error."""
    logs.add_response("describe_log_streams", {"logStreams": []})
    assert jobs.last_log_lines(NAME) == []


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_missing_log_does_not_hide_the_failure(jobs: Jobs, logs: Stubber, code: str) -> None:
    """Whatever keeps the log from being read, the job's own reason is still told."""
    logs.add_client_error("describe_log_streams", code, "no")
    assert jobs.last_log_lines(NAME) == []


def _stopped_after(seconds: int) -> dict[str, Any]:
    began = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return {
        "ProcessingJobStatus": "Stopped",
        "ProcessingStartTime": began,
        "ProcessingEndTime": began + dt.timedelta(seconds=seconds),
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"FailureReason": "AlgorithmError: x", "ExitMessage": "y"}, "AlgorithmError: x"),
        ({"ExitMessage": "y"}, "y"),
        ({"SecondaryStatus": "Interrupted"}, "Interrupted"),
        ({}, "SageMaker gave no reason"),
    ],
)
def test_reason_is_sagemakers_own(job: dict[str, str], expected: str) -> None:
    """FailureReason first, then the container's message; silence is named as such."""
    assert reason(job) == expected


@pytest.mark.parametrize(
    ("job", "too_long"),
    [
        ({"SecondaryStatus": "MaxRuntimeExceeded"}, True),
        ({"SecondaryStatus": "MaxWaitTimeExceeded"}, True),
        ({"SecondaryStatus": "Stopped"}, False),
        (_stopped_after(59), False),
        (_stopped_after(60), True),
        ({**_stopped_after(60), "ProcessingJobStatus": "Completed"}, False),
    ],
)
def test_job_that_had_all_its_time_is_known(job: dict[str, Any], too_long: bool) -> None:
    """A training job says so; of a processing job, its times do."""
    assert took_too_long(job) is too_long
