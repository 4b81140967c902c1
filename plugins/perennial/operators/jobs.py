"""Runs one SageMaker job for a task: starts it or joins it, waits, and says why it failed.

A retry never starts a second job: the job's name is derived from what the task is and does (`perennial.naming`), so a
job of that name is this task's own, whoever asked for it. Only after it has failed or was stopped is a new one started,
under the next generation of the name.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout, TaskDeferralTimeout
from botocore.exceptions import BotoCoreError, ClientError

from include.specs import codec, s3_layout
from include.specs.environment import Environment
from include.specs.job import JobStep
from include.specs.run import IngestionRun, MonitoringRun, TrainingRun
from perennial import naming, outcomes, retries
from perennial.aws_requests import Builder, Request, instance_type, longest_s, on_instance_type
from perennial.failures import failed
from perennial.hooks.aws import CONNECTION, client
from perennial.hooks.jobs import NOBODY, TERMINAL, Jobs, Owner, reason
from perennial.links import JobLogLink
from perennial.operators.base import FlowOperator
from perennial.operators.succession import is_ended
from perennial.triggers.jobs import SageMakerJobTrigger

# How long a job may be queued and prepared before it runs, on top of the time it may run.
_PATIENCE = dt.timedelta(hours=1)


class SageMakerJobOperator(FlowOperator):
    """Run `step` for the run that `config_key` describes.

    Args:
        build: makes the request from the run and the environment; `inputs` are its further keyword arguments.
        run_type: what the object at `config_key` holds.
        config_key: key of the run's `run.json` in the data bucket.
        inputs: what earlier tasks returned that the request needs, for example the candidate's model URL.
        stop_on_kill: whether a task that is cleared, marked or timed out stops its job. Where not, the job goes on to
            its own limit, and the task's next try joins it.

    A job that finds no capacity is followed within the same try by one on the step's next instance type, as long as the
    spec names one; a try fails only after the last. So is a type of which the account may run no more.

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
        **kwargs: Any,
    ) -> None:
        self._longest = dt.timedelta(seconds=longest_s(kwargs["spec"].resources(step.name))) + _PATIENCE
        # A task outwaits the job's own limit: what exceeds this has hardly begun, and is stopped.
        super().__init__(**{**kwargs, "execution_timeout": self._longest})
        self.step, self.build, self.run_type = step, build, run_type
        self.config_key, self.inputs, self.stop_on_kill = config_key, dict(inputs or {}), stop_on_kill
        self.job_name: str | None = None
        self._task_instance: Any = None
        self._killed = self._out_of_time = False

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
        where, self._task_instance = self.where(), context["ti"]
        job = self._start(context, self._request(where))
        JobLogLink.store(context, where.log_url(self.jobs.kind.log_group, str(self.job_name)))
        # A job that has ended already, before a retry say, needs no waiting.
        if where.deferrable and self.jobs.status(job) not in TERMINAL:
            self._defer(where)
        return self._result(context, self._ended(job))

    def execute_complete(self, context: Any, event: Mapping[str, str]) -> dict[str, str]:
        """The job has ended: what it left, or why it failed."""
        self.job_name, self._task_instance = event["job_name"], context["ti"]
        if "fault" in event:
            raise failed(f"{self.job_name} cannot be looked at: {event['error']}", retries.named(event["fault"]))
        return self._result(context, self._described(self.job_name))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on after a wait; a job that was waited for too long is stopped, as `on_kill` does it in a worker."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            if self.stop_on_kill:
                self.jobs.stop_all(self.spec.name, owners=[Owner.of(context["ti"])])
            raise

    def on_kill(self) -> None:
        """Stop the job: a task that is ended leaves nothing billing, but for what another try takes over."""
        # Airflow only calls this: the task goes on for as long as its process lives, up to five seconds.
        self._killed = True
        self._stop_own()

    def _stop_own(self) -> None:
        if not (self.job_name and self.stop_on_kill):
            return
        if not (self._out_of_time or is_ended(self._task_instance)):
            self.log.info("%s is left to the task's next try", self.job_name)
        elif self.jobs.stop(self.job_name, owner=self._owner):
            self.log.info("Stopping %s", self.job_name)

    @property
    def _owner(self) -> Owner:
        """This try, as it is named on the job that is its own; nobody, where the job outlives its task."""
        owner = Owner.of(self._task_instance)
        return owner if self.stop_on_kill else replace(owner, attempt=NOBODY)

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of this step's kind. Cached: making the two clients costs a quarter of a second."""
        return Jobs(self.step.kind, sagemaker=client("sagemaker"), logs=client("logs"))

    def _request(self, where: Environment) -> Request:
        body = self.lake().read(self.config_key)
        run = codec.decode(self.run_type, body, source=s3_layout.uri(where.bucket, self.config_key))
        request = self.build(run, where, **self.inputs)
        # What the run's configuration decides is part of what the job does, and so of its name.
        request["Environment"] = {"PERENNIAL_RUN": naming.digest(naming.decisive(body))}
        return request

    def _start(self, context: Any, request: Request) -> Mapping[str, Any]:
        """The task's job as it is now, started if there was none to join."""
        run, jobs = context["dag_run"], self.jobs
        task = (run.dag_id, run.run_id, context["ti"].map_index)
        generation, no_room_on = 1, ""
        while True:
            name = naming.job_name(
                self.spec.name, self.step.name, task=task, configuration=request, generation=generation
            )
            # Known before there is such a job: a kill in the middle of the create stops it too.
            self.job_name = name
            found = jobs.describe(name)
            if found is None:
                if self._created(name, request, no_room_on):
                    self.log.info("Started %s", name)
                    return self._described(name)
                found = self._described(name)
            job = self._ended(found) if jobs.status(found) == "Stopping" else found
            if not self._is_spent(job):
                self.log.info("Joining %s, which is %s", name, jobs.status(job))
                jobs.claim(job, owner=self._owner)
                return job
            if self._fault(job) is retries.CAPACITY:
                no_room_on = instance_type(job)
            generation += 1

    def _is_spent(self, job: Mapping[str, Any]) -> bool:
        """Whether nothing is to be had of the job any more, so that another may help.

        A failure that would come again is told before anything is paid for again: where the worker was killed before
        it could, or before Airflow had heard of it, this try does.
        """
        if self.jobs.status(job) not in ("Failed", "Stopped"):
            return False
        return self._fault(job).passes or self.jobs.told_in(job) not in (None, self._clearing)

    @property
    def _clearing(self) -> str:
        """What all tries have in common until somebody clears the task: Airflow counts the tries that are left anew."""
        return str(self._task_instance.max_tries)

    def _created(self, name: str, request: Request, no_room_on: str) -> bool:
        """Ask for the job, on another type where the account may run no more of one; False where it is there already.

        Raises:
            AirflowException: this try was ended meanwhile; it leaves no job of its own.
        """
        *others, last = self._types(request, no_room_on)
        for wanted in others:
            try:
                return self._asked_for(name, on_instance_type(request, wanted))
            except ClientError as error:
                if retries.of_error(error) is not retries.LIMIT:
                    raise
                self.log.warning("%s: the account may run no more on %s: %s", name, wanted, error)
        return self._asked_for(name, on_instance_type(request, last))

    def _asked_for(self, name: str, request: Request) -> bool:
        self._require_life(name)
        created = self.jobs.create(name, request, owner=self._owner)
        if self._killed:
            # The kill came before SageMaker knew of the job, and found nothing to stop.
            self._stop_own()
            self._require_life(name)
        return created

    def _require_life(self, name: str) -> None:
        if self._killed:
            raise AirflowException(f"{name} is not waited for: this try was ended")

    def _types(self, request: Request, no_room_on: str = "") -> tuple[str, ...]:
        """What to ask for after a job that found no room on a type: the spec's next instance type, and those after it.

        The first is the request's own, which the run may have been given in place of the spec's, and which may be one
        of its fallbacks. After the last, which ends a try, it is the first one's turn again.
        """
        types = tuple(dict.fromkeys((instance_type(request), *self._fallbacks)))
        following = types[types.index(no_room_on) + 1 :] if no_room_on in types else types
        return following or types

    @property
    def _fallbacks(self) -> tuple[str, ...]:
        return self.spec.resources(self.step.name).fallback_instance_types

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

    def _ended(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The job once it has ended.

        Raises:
            AirflowException: this try was ended. Airflow 3.2 leaves a task alive that lost touch with its API server.
        """
        while self.jobs.status(job) not in TERMINAL:
            self._require_life(str(self.job_name))
            time.sleep(self.where().poll_interval_s)
            job = self._described(str(self.job_name))
        return job

    def _described(self, name: str) -> dict[str, Any]:
        job = self.jobs.describe(name)
        if job is None:
            raise AirflowException(f"{name} was started and SageMaker no longer knows it: was it deleted?")
        return job

    def _result(self, context: Any, job: Mapping[str, Any]) -> dict[str, str]:
        """What the ended job left, or what its successor on another type of instance leaves."""
        if self._has_elsewhere(job):
            self.log.warning("%s failed: %s; asking for the next type", self.job_name, reason(job))
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

    def _fault(self, job: Mapping[str, Any]) -> retries.Fault:
        return outcomes.fault_of(job, self.jobs.status(job))
