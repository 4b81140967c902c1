"""Waits for a SageMaker job in the triggerer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.exceptions import ClientError

from perennial import retries
from perennial.hooks.aws import AwsHook, config
from perennial.hooks.jobs import KINDS, NOTHING_TO_STOP, OWNER_TAG, TERMINAL, is_not_found, tags_in
from perennial.task_state import state_of

# Airflow gives a trigger half a minute (`[triggerer] on_kill_timeout`).
_KILL_S = 25.0
# Of these, what Airflow may take to say how the task is: asked for the first time, a triggerer loads its API.
_ANSWER_S = 18.0
_ARGUMENTS = ("job_name", "kind", "owner", "stop_on_kill", "connection", "region", "poll_interval_s", "first_look")


class SageMakerJobTrigger(BaseTrigger):
    """Fires when a job has ended, however it ended; the operator reads how, and why, itself.

    Args:
        kind: processing, training or transform.
        owner: the try that waits (see `perennial.hooks.jobs.OWNER_TAG`).
        stop_on_kill: whether the job ends with its task.
        connection, region: carried along, so that the triggerer asks where the operator asked.
        poll_interval_s: seconds between two looks.
        first_look: when the first one is due, in seconds since the epoch; one interval on at the latest.
    """

    def __init__(
        self,
        *,
        job_name: str,
        kind: str,
        owner: str,
        stop_on_kill: bool,
        connection: str,
        region: str | None,
        poll_interval_s: float,
        first_look: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's base class is not annotated
        self.job_name, self.kind, self.owner, self.stop_on_kill = job_name, kind, owner, stop_on_kill
        self.connection, self.region = connection, region
        self.poll_interval_s, self.first_look = poll_interval_s, first_look

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in _ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the job until it has ended.

        The first look comes an interval after the task deferred: a worker's supervisor may report the end of a deferred
        try up to `[workers] min_heartbeat_interval` late, and a scheduler that has resumed the task by then takes that
        report for the death of the new try ("finished with state success, but the task instance's state attribute is
        running"). What the triggerer takes to begin, a second or two, is part of that interval and not on top of it.
        """
        # No longer than an interval, should the worker's clock be ahead.
        await asyncio.sleep(min(max(self.first_look - time.time(), 0.0), self.poll_interval_s))
        while (found := await self._looked_at()) is None:
            await asyncio.sleep(self.poll_interval_s)
        yield TriggerEvent({"job_name": self.job_name, **found})  # type: ignore[no-untyped-call]  # as above

    async def _looked_at(self) -> dict[str, str] | None:
        """The job's status once it has ended; None where looking failed for a reason that may pass.

        A client is made anew after each fault: with the credentials that there are then, and another connection. The
        task's own timeout ends what never passes.

        Returns:
            `status`, `unknown` for a job that is not there; or, where looking failed for a reason that stays, `fault`
            and `error`: raised here, Airflow would tell the task no more than that its trigger had failed.
        """
        try:
            async with await self._client() as sagemaker:
                while (status := await self._status(sagemaker)) not in TERMINAL:
                    self.log.info("%s is %s; looking again in %g s", self.job_name, status, self.poll_interval_s)
                    await asyncio.sleep(self.poll_interval_s)
                return {"status": status}
        except Exception as error:
            if isinstance(error, ClientError) and is_not_found(error):
                # Somebody has deleted it: the task looks for itself, and its next try starts anew.
                return {"status": "unknown"}
            fault = retries.of_error(error)
            if fault is retries.UNKNOWN:
                raise
            self.log.warning("Looking at %s failed (%s): %s", self.job_name, fault.name, error)
            return None if fault.passes else {"fault": fault.name, "error": f"{type(error).__name__}: {error}"}

    async def on_kill(self) -> None:
        """Stop the job: a waiting task that a person cleared or marked leaves nothing billing (Airflow 3.3 on).

        Airflow 3.3.1 calls this, too, in a triggerer that has stalled for so long that another one was given its
        triggers. The task waits there as before, and its job goes on. And where another try has joined the job
        meanwhile, it is that one's.

        Airflow 3.3.1 cancels a trigger once a second until it has ended, this method included, and asking Airflow and
        AWS may take longer than that: it is done by a task of its own, which no such cancellation reaches.
        """
        if not self.stop_on_kill:
            return
        stopping = asyncio.ensure_future(asyncio.wait_for(self._stop_if_ended(), _KILL_S))
        while not stopping.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(stopping)
        stopping.result()

    async def _stop_if_ended(self) -> None:
        if await self._is_waited_for():
            self.log.info("%s is left to the triggerer that waits for it now", self.job_name)
        else:
            await self._stop_if_own()

    async def _is_waited_for(self) -> bool:
        """Whether the task waits as before, or may do so: Airflow does not say.

        A person's mark is heard by `perennial.listener` as well, and the next try of a cleared task joins the job.
        """
        # Not at the top: this loads what runs a task, and each process that loads an operator loads this module.
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415 as said above

        asking = asyncio.to_thread(state_of, self.task_instance, ask=RuntimeTaskInstance.get_task_states)
        try:
            return await asyncio.wait_for(asking, _ANSWER_S) == "deferred"
        except Exception as error:  # noqa: BLE001 whatever keeps Airflow from answering, there is no answer
            self.log.warning("Airflow does not say whether %s is waited for: %r", self.job_name, error)
            return True

    async def _stop_if_own(self) -> None:
        async with await self._client() as sagemaker:
            job = await self._described(sagemaker)
            owner = tags_in(await sagemaker.list_tags(ResourceArn=job[KINDS[self.kind].arn_field])).get(OWNER_TAG)
            if owner != self.owner:
                self.log.info("%s is left to the try %s, which has joined it", self.job_name, owner)
                return
            self.log.info("Stopping %s", self.job_name)
            try:
                await getattr(sagemaker, KINDS[self.kind].stop)(**self._name())
            except ClientError as error:
                # It has ended already: there is nothing left to stop.
                if error.response["Error"]["Code"] not in NOTHING_TO_STOP:
                    raise

    async def _client(self) -> Any:
        hook: Any = AwsHook(
            aws_conn_id=self.connection,
            client_type="sagemaker",
            region_name=self.region,
            config=config(),
        )
        return await hook.get_async_conn()

    async def _status(self, sagemaker: Any) -> str:
        return str((await self._described(sagemaker))[KINDS[self.kind].status_field])

    async def _described(self, sagemaker: Any) -> dict[str, Any]:
        described: dict[str, Any] = await getattr(sagemaker, KINDS[self.kind].describe)(**self._name())
        return described

    def _name(self) -> dict[str, str]:
        return {KINDS[self.kind].name_field: self.job_name}
