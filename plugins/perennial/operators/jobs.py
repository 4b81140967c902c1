"""Runs one SageMaker job for a task: starts it or joins it, waits, and says why it failed."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout, TaskDeferralTimeout
from botocore.exceptions import BotoCoreError, ClientError

from include.specs.environment import Environment
from include.specs.job import JobStep
from include.specs.run import IngestionRun, MonitoringRun, TrainingRun
from perennial import outcomes, quotas, retries
from perennial.aws_requests import Builder, instance_type, longest_s
from perennial.failures import failed
from perennial.hooks.aws import CONNECTION
from perennial.hooks.jobs import TERMINAL, Owner
from perennial.hooks.lake import Lake
from perennial.links import JobLogLink
from perennial.operators.starting import StartingOperator
from perennial.triggers.jobs import SageMakerJobTrigger

# How long a job may be queued and prepared before it runs, on top of the time it may run.
_PATIENCE = dt.timedelta(hours=1)


class SageMakerJobOperator(StartingOperator):
    """Run `step` for the run that `config_key` describes.

    Args:
        build: makes the request from the run and the environment; `inputs` are its further keyword arguments.
        run_type: what the object at `config_key` holds.
        config_key: key of the run's `run.json` in the data bucket.
        inputs: what earlier tasks returned that the request needs, for example the candidate's model URL.
        stop_on_kill: whether a task that is cleared, marked or timed out stops its job. Where not, the job goes on to
            its own limit, and the task's next try joins it.
        is_left: whether the lake still has what a completed job has made of a run, beside what the step `leaves`.

    Each try begins with the step's first instance type. A job that finds no capacity is followed within the same try by
    one on the next, as long as the spec names one; a try fails only after the last. So is a type of which the account
    may run no more. Where that is so of all that are left, the try asks again for some two hours (`perennial.quotas`),
    unless it may run none of them at all: that is final, but after a lack of capacity, which may pass.

    Returns (XCom): job_name, job_arn, and for training model_url.
    """

    template_fields = ("config_key", "inputs")
    operator_extra_links = (JobLogLink(),)

    def __init__(
        self,
        *,
        step: JobStep,
        build: Builder,
        run_type: type[IngestionRun] | type[TrainingRun] | type[MonitoringRun],
        config_key: str,
        inputs: Mapping[str, Any] | None = None,
        stop_on_kill: bool = True,
        is_left: Callable[[Any, Lake], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        self._longest = dt.timedelta(seconds=longest_s(kwargs["spec"].resources(step.name))) + _PATIENCE
        # A task outwaits the job's own limit: what exceeds this has hardly begun, and is stopped. In a worker, the time
        # that it waits for its turn comes on top.
        longest = self._longest + dt.timedelta(seconds=quotas.LONGEST_S)
        super().__init__(**{**kwargs, "execution_timeout": longest})
        self.step, self.build, self.run_type = step, build, run_type
        self.config_key, self.inputs, self.stop_on_kill = config_key, dict(inputs or {}), stop_on_kill
        self.is_left = is_left

    def execute(self, context: Any) -> dict[str, str]:
        """Do the task's work."""
        try:
            result: dict[str, str] = super().execute(context)
        except AirflowTaskTimeout:
            self._out_of_time = True
            raise
        return result

    def perform(self, context: Any) -> dict[str, str]:
        """Start or join the job, then wait for its end."""
        return self._run(context)

    def ask_again(self, context: Any, event: Any, *, asked: int) -> dict[str, str]:  # noqa: ARG002 Airflow's signature
        """It is time to ask once more for a job that there was no quota for, as the try has done `asked` times."""
        return self._run(context, asked=asked)

    def _run(self, context: Any, *, asked: int = 0) -> dict[str, str]:
        where, self._task_instance = self.where(), context["ti"]
        job = self._started(context, self._request(where), asked=asked)
        log = where.log_url(self.jobs.kind.log_group, str(self.job_name), region=self.jobs.region)
        JobLogLink.store(context, log)
        # A job that has ended already, before a retry say, needs no waiting.
        if where.deferrable and self.jobs.status(job) not in TERMINAL:
            self._defer(where)
        return self._result(context, self._ended(job))

    def execute_complete(self, context: Any, event: Mapping[str, str]) -> dict[str, str]:
        """The job has ended: what it left, or why it failed."""
        self.job_name, self._task_instance = event["job_name"], context["ti"]
        if "fault" in event:
            raise failed(f"{self.job_name} cannot be looked at: {event['error']}", retries.named(event["fault"]))
        # In the worker, should it be there and run after all: two that see different things would defer for ever.
        return self._result(context, self._ended(self._described(self.job_name)))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a wait; a job that was waited for too long is stopped, as `on_kill` does it in a worker."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            if self.stop_on_kill:
                self.jobs.stop_all(self.spec.name, owners=[Owner.of(context["ti"], place=self.where().bucket)])
            raise

    def _defer(self, where: Environment) -> None:
        self.defer(
            trigger=SageMakerJobTrigger(
                job_name=str(self.job_name),
                kind=self.step.kind,
                owner=self._owner.attempt,
                stop_on_kill=self.stop_on_kill,
                connection=CONNECTION,
                region=self.jobs.region,
                poll_interval_s=where.poll_interval_s,
                first_look=time.time() + where.poll_interval_s,
            ),
            method_name="execute_complete",
            timeout=self._longest,
        )

    def _result(self, context: Any, job: Mapping[str, Any]) -> dict[str, str]:
        """What the ended job left, or what its successor on another type of instance leaves."""
        if self._has_elsewhere(job):
            self.log.warning("%s failed: %s; asking for the next type", self.job_name, outcomes.reason(job))
            return self.perform(context)
        return self._outcome(job)

    def _has_elsewhere(self, job: Mapping[str, Any]) -> bool:
        """Whether the job found no capacity, and there is another type to ask for."""
        if self.jobs.status(job) == "Completed" or self._fault(job) is not retries.CAPACITY or not self._fallbacks:
            return False
        return instance_type(job) != self._types(self._request(self.where()))[-1]

    def _outcome(self, job: Mapping[str, Any]) -> dict[str, str]:
        jobs, name = self.jobs, str(self.job_name)
        if jobs.status(job) != "Completed":
            raise self._failure(job, jobs.last_log_lines(name))
        for line in jobs.last_log_lines(name):
            self.log.info("[%s] %s", name, line)
        result = {"job_name": name, "job_arn": job[jobs.kind.arn_field]}
        if "ModelArtifacts" in job:
            result["model_url"] = job["ModelArtifacts"]["S3ModelArtifacts"]
        return result

    def _failure(self, job: Mapping[str, Any], log_lines: list[str]) -> AirflowException:
        fault = self._fault(job)
        message = outcomes.message(
            str(self.job_name), job, self.jobs.status(job), step=self.step.name, log_lines=log_lines
        )
        if not fault.passes:
            self._tell(job)
        return failed(message, fault)

    def _tell(self, job: Mapping[str, Any]) -> None:
        try:
            self.jobs.tell(job, clearing=self._clearing)
        except (ClientError, BotoCoreError):
            # Why the job failed is what a person needs. Without the tag, a task that is cleared says it once more.
            self.log.warning("%s could not be marked as told", self.job_name, exc_info=True)
