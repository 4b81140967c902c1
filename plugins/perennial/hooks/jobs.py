"""SageMaker jobs by name: what a job of a kind is called in the API, and the calls that the operators make."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from perennial import naming

log = logging.getLogger(__name__)
TERMINAL = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """The API's words for one kind of job, all of which follow from its noun.

    >>> kind = JobKind(noun="Training")
    >>> kind.create, kind.name_field, kind.log_group
    ('create_training_job', 'TrainingJobName', '/aws/sagemaker/TrainingJobs')
    """

    noun: str

    @property
    def name_field(self) -> str:
        """Holds the name of a job, in requests and answers."""
        return f"{self.noun}JobName"

    @property
    def arn_field(self) -> str:
        """Holds its ARN, in answers."""
        return f"{self.noun}JobArn"

    @property
    def status_field(self) -> str:
        """Holds its status, in answers."""
        return f"{self.noun}JobStatus"

    @property
    def create(self) -> str:
        """The client's method that starts one."""
        return f"create_{self.noun.lower()}_job"

    @property
    def describe(self) -> str:
        """The client's method that tells how it is."""
        return f"describe_{self.noun.lower()}_job"

    @property
    def stop(self) -> str:
        """The client's method that stops one."""
        return f"stop_{self.noun.lower()}_job"

    @property
    def list(self) -> str:
        """The client's method that tells which there are."""
        return f"list_{self.noun.lower()}_jobs"

    @property
    def summaries_field(self) -> str:
        """Holds them, in its answers."""
        return f"{self.noun}JobSummaries"

    @property
    def log_group(self) -> str:
        """Where CloudWatch keeps the logs of such jobs."""
        return f"/aws/sagemaker/{self.noun}Jobs"


KINDS: Mapping[str, JobKind] = {noun.lower(): JobKind(noun=noun) for noun in ("Processing", "Training", "Transform")}
# SageMaker's codes for a job that is not there, or has ended: there is nothing left to stop.
NOTHING_TO_STOP = ("ValidationException", "ResourceNotFound")
# The tag that names the try of a task whose job it is. A try that joins a job puts its own name there; one that is
# killed stops only what is still its own. So a worker that lost touch, and whose task has long been taken over by
# another one, cannot stop the job under its successor.
OWNER_TAG = "perennial:try"
# The tag that names the task. Between two tries nobody is at work whose name could be on the job.
TASK_TAG = "perennial:task"
# The tag of a job whose failure its task has told, and which stays: in which clearing of the task that was.
TOLD_TAG = "perennial:told"
# The owner of a job that outlives its task, whatever becomes of that.
NOBODY = "nobody"
# Of a model's name, what is in the names of all its jobs, however short they had to be cut.
_IN_EVERY_NAME = 32
# SageMaker lets no job run for more than 28 days; two more to begin in. Who pages further back pages all jobs ever.
_LONGEST_LIFE = dt.timedelta(days=30)
_MOST_STREAMS = 50  # CloudWatch's own limit for one answer


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose job it is.

    Args:
        task: which task of which run of which deployment, the same for all its tries.
        attempt: Airflow's id of the try, a UUID of version 7: a later try has a greater one. `NOBODY` for a job that
            outlives its task.
    """

    task: str
    attempt: str

    @classmethod
    def of(cls, task_instance: Any, *, place: str) -> Owner:
        """The try that a task instance stands for, be it Airflow's record of it or the one at work.

        Args:
            place: the data bucket. Two deployments of one account have runs of the same DAGs, dates and so ids.
        """
        ti = task_instance
        map_index = -1 if ti.map_index is None else ti.map_index
        return cls(task=naming.digest([place, ti.dag_id, ti.run_id, ti.task_id, map_index]), attempt=str(ti.id))

    @property
    def tags(self) -> list[dict[str, str]]:
        """As they are on its job."""
        return [{"Key": TASK_TAG, "Value": self.task}, {"Key": OWNER_TAG, "Value": self.attempt}]


class Jobs:
    """The jobs of one kind in an account and region."""

    def __init__(self, kind: str, *, sagemaker: Any, logs: Any) -> None:
        self.kind = KINDS[kind]
        self._sagemaker, self._logs = sagemaker, logs

    @property
    def region(self) -> str:
        """Where the jobs run."""
        return str(self._sagemaker.meta.region_name)

    def describe(self, name: str) -> dict[str, Any] | None:
        """The job called `name`; None where there is none."""
        try:
            found: dict[str, Any] = getattr(self._sagemaker, self.kind.describe)(**{self.kind.name_field: name})
        except ClientError as error:
            if is_not_found(error):
                return None
            raise
        return found

    def create(self, name: str, request: Mapping[str, Any], *, owner: Owner) -> bool:
        """Ask for a job of `owner`; False where one of this name is there already, which is then ours too."""
        tagged = {**request, "Tags": [*request.get("Tags", []), *owner.tags]}
        try:
            getattr(self._sagemaker, self.kind.create)(**{self.kind.name_field: name}, **tagged)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceInUse":
                return False
            raise
        return True

    def claim(self, job: Mapping[str, Any], *, owner: Owner) -> None:
        """Make a job that is there the job of `owner`."""
        self._sagemaker.add_tags(ResourceArn=job[self.kind.arn_field], Tags=owner.tags)

    def is_of(self, job: Mapping[str, Any], *, owner: Owner) -> bool:
        """Whether the job is of that very try."""
        return self._tags(job[self.kind.arn_field]).get(OWNER_TAG) == owner.attempt

    def stop(self, name: str, *, owner: Owner) -> bool:
        """Ask the job to stop, if it is there, has not ended and is `owner`'s; whether that was so."""
        job = self.describe(name)
        if job is None or self.status(job) in TERMINAL:
            return False
        return self.is_of(job, owner=owner) and self._stop(name)

    def stop_all(self, model: str, *, owners: Collection[Owner]) -> None:
        """Ask the model's jobs to stop that run and are of one of `owners`, or of an earlier try of one's task.

        The job of a later try is left alone: somebody waits for that one.

        Raises:
            ExceptionGroup: some could not be asked about, or asked to stop; all others were. The notes name them.
        """
        errors = []
        latest = {owner.task: owner.attempt for owner in sorted(owners, key=lambda owner: owner.attempt)}
        for name, arn in self._running(model):
            try:
                if _is_of(self._tags(arn), latest) and self._stop(name):
                    log.info("Stopping %s, which nobody waits for any more", name)
            except (ClientError, BotoCoreError) as error:
                error.add_note(name)
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} jobs of {model} may still run", errors)

    def told_in(self, job: Mapping[str, Any]) -> str | None:
        """In which clearing of its task that has failed because this job had (see `tell`); None where it has not."""
        return self._tags(job[self.kind.arn_field]).get(TOLD_TAG)

    def tell(self, job: Mapping[str, Any], *, clearing: str) -> None:
        """Note on the job that its task fails because of it, in the `clearing` that it is in."""
        self._sagemaker.add_tags(ResourceArn=job[self.kind.arn_field], Tags=[{"Key": TOLD_TAG, "Value": clearing}])

    def _running(self, model: str) -> list[tuple[str, str]]:
        """The name and ARN of each; read to the end before one is stopped, and the list grows shorter."""
        # SageMaker filters a page after it has cut it: large pages, or a busy account takes a call for each ten jobs.
        pages = self._sagemaker.get_paginator(self.kind.list).paginate(
            NameContains=model[:_IN_EVERY_NAME],
            StatusEquals="InProgress",
            CreationTimeAfter=dt.datetime.now(dt.UTC) - _LONGEST_LIFE,
            PaginationConfig={"PageSize": 100},
        )
        found = (job for page in pages for job in page[self.kind.summaries_field])
        return [(job[self.kind.name_field], job[self.kind.arn_field]) for job in found]

    def _tags(self, arn: str) -> dict[str, str]:
        return tags_in(self._sagemaker.list_tags(ResourceArn=arn))

    def _stop(self, name: str) -> bool:
        try:
            getattr(self._sagemaker, self.kind.stop)(**{self.kind.name_field: name})
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOTHING_TO_STOP:
                raise
            return False
        return True

    def status(self, job: Mapping[str, Any]) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return str(job[self.kind.status_field])

    def last_log_lines(self, name: str, *, count: int = 15) -> list[str]:
        """The end of the job's log; empty where there is no log (yet), or none can be had."""
        try:
            stream = self._newest_stream(name)
            if stream is None:
                return []
            events = self._logs.get_log_events(logGroupName=self.kind.log_group, logStreamName=stream, limit=count)
        except (ClientError, BotoCoreError):
            # The log explains an outcome; not having it must not hide the outcome itself.
            log.warning("The log of %s could not be read", name, exc_info=True)
            return []
        return [event["message"] for event in events["events"]]

    def _newest_stream(self, name: str) -> str | None:
        """A job has a stream for each of its instances; one whose spot instance was taken away has had several."""
        streams = self._logs.describe_log_streams(
            logGroupName=self.kind.log_group, logStreamNamePrefix=f"{name}/", limit=_MOST_STREAMS
        )["logStreams"]
        newest = max(streams, key=lambda stream: stream.get("lastEventTimestamp", 0), default=None)
        return newest and str(newest["logStreamName"])


def tags_in(answer: Mapping[str, Any]) -> dict[str, str]:
    """The tags by their keys, from the answer of `list_tags`."""
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def _is_of(tags: Mapping[str, str], latest: Mapping[str, str]) -> bool:
    """Whether a job with these tags is of one of the tasks, and not of a later try than its `latest`."""
    last = latest.get(tags.get(TASK_TAG, ""))
    # Ids are hexadecimal: `NOBODY` comes after all of them.
    return last is not None and tags.get(OWNER_TAG, NOBODY) <= last


def is_not_found(error: ClientError) -> bool:
    """Whether SageMaker says that there is no such job (it has no error code of its own for that)."""
    details = error.response["Error"]
    message = details["Message"].lower()
    return details["Code"] in ("ValidationException", "ResourceNotFound") and (
        "not found" in message or "could not find" in message
    )
