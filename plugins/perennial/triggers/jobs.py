"""Waits for a SageMaker job in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.config import Config
from botocore.exceptions import ClientError

from perennial import retries

TERMINAL = ("Completed", "Failed", "Stopped")
_ARGUMENTS = ("job_name", "describe", "stop", "name_field", "status_field", "connection", "region", "poll_interval_s")


class SageMakerJobTrigger(BaseTrigger):
    """Fires when a job has ended, however it ended; the operator reads how, and why, itself.

    Args:
        describe, stop: the client's methods, for example `describe_training_job`, whose argument is `name_field`; the
            answer of the first holds `status_field`. Without `stop` a job outlives its task.
        connection, region: carried along, so that the triggerer asks where the operator asked.
        poll_interval_s: seconds between two looks.
    """

    def __init__(
        self,
        *,
        job_name: str,
        describe: str,
        stop: str | None,
        name_field: str,
        status_field: str,
        connection: str,
        region: str | None,
        poll_interval_s: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's base class is not annotated
        self.job_name, self.describe, self.stop = job_name, describe, stop
        self.name_field, self.status_field = name_field, status_field
        self.connection, self.region, self.poll_interval_s = connection, region, poll_interval_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in _ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the job until it has ended.

        The first look comes after the first interval: a worker's supervisor may report the end of a deferred try up to
        `[workers] min_heartbeat_interval` late, and a scheduler that has resumed the task by then takes that report for
        the death of the new try ("finished with state success, but the task instance's state attribute is running").
        """
        await asyncio.sleep(self.poll_interval_s)
        while (status := await self._looked_at()) not in TERMINAL:
            await asyncio.sleep(self.poll_interval_s)
        yield TriggerEvent({"job_name": self.job_name, "status": status})  # type: ignore[no-untyped-call]  # as above

    async def _looked_at(self) -> str:
        """The job's status once it has ended; empty where looking failed for a reason that may pass.

        A client is made anew after each fault: with the credentials that there are then, and another connection. The
        task's own timeout ends what never passes.
        """
        try:
            async with await self._client() as sagemaker:
                while (status := await self._status(sagemaker)) not in TERMINAL:
                    self.log.info("%s is %s; looking again in %g s", self.job_name, status, self.poll_interval_s)
                    await asyncio.sleep(self.poll_interval_s)
                return status
        except Exception as error:
            fault = retries.of_error(error)
            if not fault.passes or fault is retries.UNKNOWN:
                raise
            self.log.warning("Looking at %s failed (%s): %s", self.job_name, fault.name, error)
            return ""

    async def on_kill(self) -> None:
        """Stop the job: a waiting task that a person cleared or marked leaves nothing billing (Airflow 3.3 on)."""
        if self.stop is None:
            return
        async with await self._client() as sagemaker:
            try:
                await getattr(sagemaker, self.stop)(**{self.name_field: self.job_name})
            except ClientError as error:
                # It has ended already: there is nothing left to stop.
                if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
                    raise

    async def _client(self) -> Any:
        hook: Any = AwsBaseHook(
            aws_conn_id=self.connection,
            client_type="sagemaker",
            region_name=self.region,
            config=Config(retries=dict(retries.CALL_RETRIES), **retries.CALL_TIMEOUTS),
        )
        return await hook.get_async_conn()

    async def _status(self, sagemaker: Any) -> str:
        answer = await getattr(sagemaker, self.describe)(**{self.name_field: self.job_name})
        return str(answer[self.status_field])
