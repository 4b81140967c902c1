"""SageMaker jobs by name, against botocore's stubber: requests and answers are held to the service's model."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import boto3
import pytest
import time_machine
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from perennial.hooks.jobs import KINDS, NOBODY, TOLD_TAG, JobKind, Jobs, Owner
from perennial.naming import job_name

from tests.shared.airflow_context import TRY

NAME = "churn-train-26fa1be354c3"
BEFORE, ME, AFTER = (Owner(task="t", attempt=f"019a0000-0000-7000-8000-00000000000{number}") for number in range(3))
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
# What jobs are listed by, but for their names.
ASKED: dict[str, Any] = {"StatusEquals": "InProgress", "MaxResults": 100, "CreationTimeAfter": ANY}


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    with Stubber(boto3.client("sagemaker")) as stubber:
        yield stubber


@pytest.fixture
def jobs(sagemaker: Stubber) -> Jobs:
    return Jobs("training", sagemaker=sagemaker.client, logs=None)


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
    assert {"NameContains", "StatusEquals", "CreationTimeAfter"} <= set(listing.input_shape.members)
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
    tags = [{"Key": "model", "Value": "churn"}, *ME.tags]
    sagemaker.add_response("create_training_job", answer, {"TrainingJobName": NAME, **REQUEST, "Tags": tags})
    assert jobs.create(NAME, {**REQUEST, "Tags": tags[:1]}, owner=ME) is True


def test_name_in_use_is_no_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """Names are derived from the task, so a job of that name is the task's own; the answer was lost."""
    sagemaker.add_client_error("create_training_job", "ResourceInUse", "Job name must be unique")
    assert jobs.create(NAME, REQUEST, owner=ME) is False


def test_refused_request_is_an_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """Every other refusal reaches the task."""
    sagemaker.add_client_error("create_training_job", "ResourceLimitExceeded", "0 instances of ml.p5")
    with pytest.raises(ClientError, match="0 instances"):
        jobs.create(NAME, REQUEST, owner=ME)


def _running(sagemaker: Stubber, *, owner: Owner) -> None:
    """What `stop` looks at first: the job, and whose it is."""
    sagemaker.add_response("describe_training_job", TRAINING)
    arn = {"ResourceArn": TRAINING["TrainingJobArn"]}
    sagemaker.add_response("list_tags", {"Tags": owner.tags}, arn)


def test_joined_job_is_claimed(jobs: Jobs, sagemaker: Stubber) -> None:
    """The try that joins it puts its own name in place of its forerunner's."""
    tagged = {"ResourceArn": TRAINING["TrainingJobArn"], "Tags": ME.tags}
    sagemaker.add_response("add_tags", {}, tagged)
    jobs.claim(TRAINING, owner=ME)
    sagemaker.assert_no_pending_responses()


def test_own_job_is_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """A try that is killed ends the job that it has started or joined."""
    _running(sagemaker, owner=ME)
    sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": NAME})
    assert jobs.stop(NAME, owner=ME) is True


def test_job_that_was_taken_over_is_not_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """A worker that lost touch is killed late: its successor's job goes on."""
    _running(sagemaker, owner=AFTER)
    assert jobs.stop(NAME, owner=ME) is False
    sagemaker.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_ended_job_is_left_alone(jobs: Jobs, sagemaker: Stubber, status: str) -> None:
    """Nothing is asked of a job that bills no more."""
    sagemaker.add_response("describe_training_job", {**TRAINING, "TrainingJobStatus": status})
    assert jobs.stop(NAME, owner=ME) is False


def test_stopping_what_has_ended_is_no_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """The job is not running any more, which is all that was wanted."""
    _running(sagemaker, owner=ME)
    sagemaker.add_client_error("stop_training_job", "ValidationException", "is in status Completed")
    assert jobs.stop(NAME, owner=ME) is False
    sagemaker.assert_no_pending_responses()


def test_failing_to_stop_is_an_error(jobs: Jobs, sagemaker: Stubber) -> None:
    """A job that goes on billing is never passed over."""
    _running(sagemaker, owner=ME)
    sagemaker.add_client_error("stop_training_job", "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        jobs.stop(NAME, owner=ME)


def _listed(sagemaker: Stubber, *names: str) -> None:
    """The model's jobs that run."""
    arn = TRAINING["TrainingJobArn"]
    running = [
        {"TrainingJobName": name, "TrainingJobArn": arn, "CreationTime": 0, "TrainingJobStatus": "InProgress"}
        for name in names
    ]
    asked = {"NameContains": "churn", **ASKED}
    sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": running}, asked)


def _tagged(sagemaker: Stubber, owner: Owner | None) -> None:
    sagemaker.add_response("list_tags", {"Tags": owner.tags if owner else []})


def test_all_jobs_of_these_tasks_are_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """Those of the try that was ended, and of one before it; what others wait for, or a later try, goes on."""
    other, own_choice = replace(ME, task="another"), replace(ME, attempt=NOBODY)
    owners = {"a": ME, "b": BEFORE, "c": AFTER, "d": other, "e": own_choice, "f": None, "g": ME}
    _listed(sagemaker, *owners)
    for name, owner in owners.items():
        _tagged(sagemaker, owner)
        if name in "ab":
            sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": name})
        if name == "g":
            sagemaker.add_client_error("stop_training_job", "ValidationException", "The job has ended")
    jobs.stop_all("churn", owners=[ME])
    sagemaker.assert_no_pending_responses()


def test_a_job_that_cannot_be_asked_about_keeps_no_other_from_being_stopped(jobs: Jobs, sagemaker: Stubber) -> None:
    """And is named in the error."""
    _listed(sagemaker, "a", "b")
    sagemaker.add_client_error("list_tags", "ThrottlingException", "slowly")
    _tagged(sagemaker, ME)
    sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": "b"})
    with pytest.raises(ExceptionGroup, match="1 jobs of churn may still run") as raised:
        jobs.stop_all("churn", owners=[ME])
    sagemaker.assert_no_pending_responses()
    assert [error.__notes__ for error in raised.value.exceptions] == [["a"]]


def test_the_latest_try_that_was_ended_counts(jobs: Jobs, sagemaker: Stubber) -> None:
    """A task may have been ended, cleared and ended again before somebody looks."""
    _listed(sagemaker, "a")
    _tagged(sagemaker, ME)
    sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": "a"})
    jobs.stop_all("churn", owners=[ME, BEFORE])
    sagemaker.assert_no_pending_responses()


@time_machine.travel(dt.datetime(2026, 3, 31, tzinfo=dt.UTC), tick=False)
def test_jobs_that_are_too_old_to_run_are_not_paged_through(jobs: Jobs, sagemaker: Stubber) -> None:
    """SageMaker ends a job after 28 days, and cuts its pages before it leaves out what has ended."""
    asked = {"NameContains": "churn", **ASKED, "CreationTimeAfter": dt.datetime(2026, 3, 1, tzinfo=dt.UTC)}
    sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": []}, asked)
    jobs.stop_all("churn", owners=[ME])
    sagemaker.assert_no_pending_responses()


def test_a_long_name_is_looked_for_by_its_beginning(jobs: Jobs, sagemaker: Stubber) -> None:
    """Names of jobs are cut to SageMaker's limit."""
    model = "m" * 60
    assert model not in job_name(model, "train", task=("d", "r", -1), configuration={}, generation=12)
    [kept] = {job_name(model, "t", task=("d", "r", -1), configuration={}, generation=999)[:32]}
    asked = {"NameContains": kept, **ASKED}
    sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": []}, asked)
    jobs.stop_all(model, owners=[ME])
    sagemaker.assert_no_pending_responses()


def test_a_task_has_one_name_for_all_its_tries() -> None:
    """Whoever tells of it: Airflow's record, in which no map index is -1, and the task at work. In another deployment
    a task of the same ids is another one.
    """
    recorded = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, id=UUID(TRY))
    at_work = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=None, id=TRY)
    assert Owner.of(recorded, place="lake") == Owner.of(at_work, place="lake")
    others = [{"dag_id": "e"}, {"run_id": "s"}, {"task_id": "u"}, {"map_index": 0}]
    tasks = [Owner.of(SimpleNamespace(**{**vars(recorded), **other}), place="lake").task for other in ({}, *others)]
    tasks.append(Owner.of(recorded, place="another").task)
    assert len(set(tasks)) == len(tasks)


def test_a_failure_is_told_once(jobs: Jobs, sagemaker: Stubber) -> None:
    """A tag of the job says that a task has failed because of it, and when."""
    arn = {"ResourceArn": TRAINING["TrainingJobArn"]}
    told = [{"Key": TOLD_TAG, "Value": "3"}]
    sagemaker.add_response("list_tags", {"Tags": ME.tags}, arn)
    sagemaker.add_response("add_tags", {}, {**arn, "Tags": told})
    sagemaker.add_response("list_tags", {"Tags": [*ME.tags, *told]}, arn)
    assert jobs.told_in(TRAINING) is None
    jobs.tell(TRAINING, clearing="3")
    assert jobs.told_in(TRAINING) == "3"
