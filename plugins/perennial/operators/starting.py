"""Starts the SageMaker job of a task or joins it, and stops it with the try that it is of.

A retry never starts a second job: the job's name is derived from what the task is and does (`perennial.naming`), so a
job of that name is this task's own, whoever asked for it. Only after it has failed or was stopped, or where what it has
left is gone, is a new one started, under the next generation of the name.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import AirflowException
from botocore.exceptions import ClientError

from include.specs import codec, s3_layout
from include.specs.environment import Environment, retry_pace
from include.specs.job import JobStep
from include.specs.run import IngestionRun, MonitoringRun, TrainingRun
from perennial import naming, outcomes, quotas, retries
from perennial.aws_requests import Builder, Request, instance_type, on_instance_type
from perennial.failures import failed
from perennial.hooks.aws import client
from perennial.hooks.jobs import NOBODY, TERMINAL, Jobs, Owner
from perennial.hooks.lake import Lake
from perennial.operators.base import FlowOperator
from perennial.operators.succession import is_ended

# Seconds between looks for a job that has just been asked for: AWS promises no look that sees it at once.
_UNTIL_KNOWN_S = (1.0, 2.0, 4.0, 8.0, 15.0)
# A training job that somebody deletes; no wait ends with it.
_DELETING = "Deleting"


class StartingOperator(FlowOperator):
    """A task that has one job at a time. `SageMakerJobOperator` says what its arguments mean, and waits for the job."""

    step: JobStep
    build: Builder
    run_type: type[IngestionRun] | type[TrainingRun] | type[MonitoringRun]
    config_key: str
    inputs: Mapping[str, Any]
    stop_on_kill: bool
    is_left: Callable[[Any, Lake], bool] | None
    job_name: str | None = None
    _task_instance: Any = None
    _killed = _out_of_time = False

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of this step's kind. Cached: making the two clients costs a quarter of a second."""
        return Jobs(self.step.kind, sagemaker=client("sagemaker"), logs=client("logs"))

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

    def _require_life(self, name: str) -> None:
        if self._killed:
            raise AirflowException(f"{name} is not waited for: this try was ended")

    @property
    def _owner(self) -> Owner:
        """This try, as it is named on the job that is its own; nobody, where the job outlives its task."""
        owner = Owner.of(self._task_instance, place=self.where().bucket)
        return owner if self.stop_on_kill else replace(owner, attempt=NOBODY)

    def _configured(self) -> tuple[bytes, Any]:
        """The run's configuration as it is written, and what it says."""
        lake = self.lake()
        body = lake.read(self.config_key)
        return body, codec.decode(self.run_type, body, source=s3_layout.uri(lake.bucket, self.config_key))

    def _request(self, where: Environment) -> Request:
        body, run = self._configured()
        request = self.build(run, where, **self.inputs)
        # What the run's configuration decides is part of what the job does, and so of its name.
        request["Environment"] = {"PERENNIAL_RUN": naming.digest(naming.decisive(body))}
        return request

    def _started(self, context: Any, request: Request, *, asked: int) -> Mapping[str, Any]:
        """The task's job, asked for again and again while other jobs use the account's quota up."""
        while True:
            try:
                return self._start(context, request)
            except ClientError as error:
                pace = retry_pace(os.environ)
                wait_s = quotas.next_asking_s(error, asked, identity=str(self.job_name), pace=pace)
                if wait_s is None:
                    raise
            asked += 1
            self.log.info("Asking again in %.0f s, for the %d. time of %d", wait_s, asked, quotas.ASKS)
            self._wait_for_room(max(wait_s, self.where().poll_interval_s), asked)

    def _wait_for_room(self, wait_s: float, asked: int) -> None:
        if self.where().deferrable:
            due = dt.datetime.fromtimestamp(time.time() + wait_s, tz=dt.UTC)
            self.defer(trigger=DateTimeTrigger(moment=due), method_name="ask_again", kwargs={"asked": asked})
        time.sleep(wait_s)

    def _start(self, context: Any, request: Request) -> Mapping[str, Any]:
        """The task's job as it is now, started if there was none to join.

        Raises:
            AirflowException: this try was ended meanwhile.
        """
        run, jobs = context["dag_run"], self.jobs
        task = (run.dag_id, run.run_id, context["ti"].map_index)
        generation, no_room_on = 1, ""
        while True:
            name = naming.job_name(
                self.spec.name, self.step.name, task=task, configuration=request, generation=generation
            )
            # Known before there is such a job: a kill in the middle of the create stops it too.
            self.job_name = name
            # One that was ended while it waited for its turn must not put its name on its successor's job.
            self._require_life(name)
            found = jobs.describe(name)
            if found is None:
                if self._created(name, request, no_room_on):
                    self.log.info("Started %s", name)
                    return self._described(name, patience=_UNTIL_KNOWN_S)
                found = self._described(name, patience=_UNTIL_KNOWN_S)
            job = self._ended(found) if jobs.status(found) == "Stopping" else found
            if not self._is_spent(job):
                self._require_life(name)
                self.log.info("Joining %s, which is %s", name, jobs.status(job))
                jobs.claim(job, owner=self._owner)
                return job
            # The room that another try has not found may be there now: each begins with the first type.
            if self._fault(job) is retries.CAPACITY and jobs.is_of(job, owner=self._owner):
                no_room_on = instance_type(job)
            generation += 1

    def _is_spent(self, job: Mapping[str, Any]) -> bool:
        """Whether nothing is to be had of the job any more, so that another may help.

        A failure that would come again is told before anything is paid for again: where the worker was killed before
        it could, or before Airflow had heard of it, this try does.
        """
        if self.jobs.status(job) == "Completed":
            return not self._is_left(job)
        if self.jobs.status(job) not in ("Failed", "Stopped"):
            return self.jobs.status(job) == _DELETING
        return self._fault(job).passes or self.jobs.told_in(job) not in (None, self._clearing)

    def _is_left(self, job: Mapping[str, Any]) -> bool:
        """Whether what a completed job has left is there still: a person, or a rule of the bucket, may have deleted it.

        Asked only where a job is joined that had completed before: the usual try waits for its job, and asks nothing.
        """
        lake, bucket = self.lake(), s3_layout.uri(self.where().bucket, "")
        gone = [uri for uri in outcomes.left(job, self.step) if not lake.has_any(uri.removeprefix(bucket))]
        if not gone and (self.is_left is None or self.is_left(self._configured()[1], lake)):
            return True
        self.log.warning("%s has completed, and what it left is gone: %s", self.job_name, ", ".join(gone) or "in part")
        return False

    @property
    def _clearing(self) -> str:
        """What all tries have in common until somebody clears the task: Airflow counts the tries that are left anew."""
        return str(self._task_instance.max_tries)

    def _created(self, name: str, request: Request, no_room_on: str) -> bool:
        """Ask for the job, on another type where the account may run no more of one; False where it is there already.

        Raises:
            AirflowException: this try was ended meanwhile; it leaves no job of its own. Or the account may run none of
                the types that are left after `no_room_on`, which a later try may find room on.
        """
        types = self._types(request, no_room_on)
        try:
            return quotas.ask_in_turn(lambda wanted: self._asked_for(name, on_instance_type(request, wanted)), types)
        except ClientError as error:
            if no_room_on and retries.of_error(error) is retries.QUOTA:
                raise failed(f"no capacity on {no_room_on}, and {error}", retries.CAPACITY) from error
            raise

    def _asked_for(self, name: str, request: Request) -> bool:
        self._require_life(name)
        created = self.jobs.create(name, request, owner=self._owner)
        if self._killed:
            # The kill came before SageMaker knew of the job, and found nothing to stop.
            self._stop_own()
            self._require_life(name)
        return created

    def _types(self, request: Request, no_room_on: str = "") -> tuple[str, ...]:
        """What to ask for after this try's job found no room on a type: the spec's next instance type, and those after.

        The first is the request's own, which the run may have been given in place of the spec's, and which may be one
        of its fallbacks. The last ends a try. All of them where the try has had no such job, and, for tries that put no
        name on their jobs (`stop_on_kill`), after the last.
        """
        types = tuple(dict.fromkeys((instance_type(request), *self._fallbacks)))
        following = types[types.index(no_room_on) + 1 :] if no_room_on in types else types
        return following or types

    @property
    def _fallbacks(self) -> tuple[str, ...]:
        return self.spec.resources(self.step.name).fallback_instance_types

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

    def _described(self, name: str, *, patience: Iterable[float] = ()) -> dict[str, Any]:
        """The job called `name`, looked for again after each of the times (seconds) in `patience`.

        Raises:
            AirflowException: there is none.
        """
        for wait_s in (*patience, None):
            job = self.jobs.describe(name)
            if job is not None:
                return job
            if wait_s is not None:
                self._require_life(name)
                time.sleep(wait_s)
        raise AirflowException(f"SageMaker does not know {name}, which was asked for: was it deleted?")

    def _fault(self, job: Mapping[str, Any]) -> retries.Fault:
        return outcomes.fault_of(job, self.jobs.status(job))
