"""The backend: SageMaker of one account and region; moto's, with jobs that run and a registry that keeps its fields."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar, cast

from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.utils import arn_formatter

from localaws.jobs.container import Control
from localaws.sagemaker import processing, training
from localaws.sagemaker.errors import ResourceInUse, ResourceNotFound, ValidationError
from localaws.sagemaker.events import job_changed
from localaws.sagemaker.processing_run import ProcessingRun
from localaws.sagemaker.records import PROCESSING, TRAINING, JobKind, JobRecord, JobState
from localaws.sagemaker.registry import Registry
from localaws.sagemaker.runs import JobRun
from localaws.sagemaker.runtime import Runtime, utc_now
from localaws.sagemaker.training_run import STARTING, TrainingRun

RESTARTED = "InternalServerError: localaws was restarted while the job was running; start it again under another name"
CHECKS = {PROCESSING.noun: processing.check, TRAINING.noun: training.check}
RUNS: dict[str, type[JobRun]] = {PROCESSING.noun: ProcessingRun, TRAINING.noun: TrainingRun}
_CREATE_LOCK = threading.Lock()


class LocalSageMakerBackend(SageMakerModelBackend):
    """SageMaker of one account in one region."""

    runtime: ClassVar[Runtime]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.registry = Registry(account=account_id, region=region_name)
        # moto's Search, tagging and resource listing look into these two
        self.model_package_groups = self.registry.groups  # type: ignore[assignment]  # our records, not moto's
        self.model_packages = self.registry.packages  # type: ignore[assignment]  # our records, not moto's

    @property
    def _url_module(self) -> ModuleType:
        from localaws.sagemaker import urls  # noqa: PLC0415  # urls imports the responses, which import this module

        return urls

    def reset(self) -> None:
        """Forget everything, as moto's reset does; running jobs are asked to stop."""
        for kind in (PROCESSING, TRAINING):
            for record in self.jobs(kind).values():
                if control := self.runtime.control(record.arn):
                    control.stop()
        super().reset()

    def jobs(self, kind: JobKind) -> dict[str, JobRecord]:
        """All jobs of a kind by name, oldest first."""
        return cast("dict[str, JobRecord]", getattr(self, f"{kind.noun.lower()}_jobs"))

    def create_job(self, kind: JobKind, request: Mapping[str, Any], *, access_key: str) -> JobRecord:
        """Accept a job and start it.

        Raises:
            ResourceInUse: there is, or was, a job of that name.
            ValidationError, Unsupported: the request is wrong, or asks for what localaws does not do.
        """
        name = request[kind.field_name("JobName")]
        record = self._new_record(kind, name, request)
        with _CREATE_LOCK:
            if name in self.jobs(kind):
                raise ResourceInUse(kind.conflict.format(arn=record.arn))
            CHECKS[kind.noun](request)
            control = self.runtime.admit(record.arn)  # before anybody sees the job, and stops it
            self.jobs(kind)[name] = record
        # Asked here and not by the run, whose thread may be overtaken by the next job's.
        failure = self.runtime.switches.job_failure(name)
        self._tell(record)
        self.runtime.start(record, self._run(record, control, access_key, failure))
        return record

    def _tell(self, record: JobRecord) -> None:
        self.runtime.on_change()
        job_changed(record)

    def _new_record(self, kind: JobKind, name: str, request: Mapping[str, Any]) -> JobRecord:
        arn = arn_formatter(kind.resource, name, self.account_id, self.region_name)
        at = self.runtime.machine.clock()
        state = JobState(created=at, modified=at)
        if kind is TRAINING:
            state = state.entering("Starting", STARTING, at)
        return JobRecord(
            kind=kind,
            name=name,
            arn=arn,
            account=self.account_id,
            region=self.region_name,
            request=request,
            state=state,
            tags=list(request.get("Tags", [])),
        )

    def _run(self, record: JobRecord, control: Control, access_key: str, failure: str | None) -> JobRun:
        return RUNS[record.kind.noun](record, self.runtime, control, access_key=access_key, failure=failure)

    def job(self, kind: JobKind, name: str) -> JobRecord:
        """The job of that name.

        Raises:
            ValidationError: there is none; the words are SageMaker's for the kind.
        """
        try:
            return self.jobs(kind)[name]
        except KeyError:
            raise ValidationError(kind.missing.format(name=name)) from None

    def stop_job(self, kind: JobKind, name: str) -> None:
        """Ask a job to stop.

        Raises:
            ResourceNotFound: there is no such job.
            ValidationError: the job has ended.
        """
        if name not in self.jobs(kind):
            raise ResourceNotFound(kind.missing.format(name=name))
        record = self.jobs(kind)[name]
        if record.stop(self.runtime.machine.clock()):
            self._tell(record)
        elif record.state.is_terminal:
            raise ValidationError(
                f"The request was rejected because the {kind.noun.lower()} job is in status {record.state.status}."
            )
        if control := self.runtime.control(record.arn):
            control.stop()

    def fail_interrupted(self) -> None:
        """After a restart: jobs that were running are not any more, and say so."""
        at = utc_now()
        for kind in (PROCESSING, TRAINING):
            for record in self.jobs(kind).values():
                ended = {"status": "Failed", "ended": at, "failure_reason": RESTARTED}
                if kind is TRAINING:
                    failed = record.enter("Failed", "Training job failed", at, **ended)
                else:
                    failed = record.change(at, **ended)
                if failed:
                    self._tell(record)

    def _get_resource_from_arn(self, arn: str) -> Any:
        found = self.registry.packages.get(arn) if ":model-package/" in arn else self._moto_resource(arn)
        if found is None:
            raise ValidationError(f"The resource {arn} does not exist.")
        return found

    def _moto_resource(self, arn: str) -> Any:
        try:
            return super()._get_resource_from_arn(arn)
        except (AttributeError, ValueError):  # moto knows no such type of resource
            return None

    def add_tags(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        """Set tags; one whose key is there already is replaced."""
        resource = self._get_resource_from_arn(arn)
        keys = {tag["Key"] for tag in tags}
        resource.tags = [tag for tag in resource.tags or [] if tag["Key"] not in keys] + tags
        return cast("list[dict[str, str]]", resource.tags)


def install(runtime: Runtime) -> None:
    """Have moto's SageMaker be ours from now on; before its first use."""
    LocalSageMakerBackend.runtime = runtime
    sagemaker_backends.backend = LocalSageMakerBackend


def all_backends() -> list[LocalSageMakerBackend]:
    """Every account's and region's backend that is in use."""
    return [cast("LocalSageMakerBackend", backend) for _, _, backend in sagemaker_backends.iter_backends()]
