"""Waits for a SageMaker job in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.config import Config

TERMINAL = ("Completed", "Failed", "Stopped")


class SageMakerJobTrigger(BaseTrigger):
    """Fires when a job has ended, however it ended; the operator reads how, and why, itself.

    Args:
        describe: the client's method, for example `describe_training_job`, whose argument is `name_field` and whose
            answer holds `status_field`.
        connection, region: carried along, so that the triggerer asks where the operator asked.
        poll_interval_s: seconds between two looks.
    """

    def __init__(
        self,
        *,
        job_name: str,
        describe: str,
        name_field: str,
        status_field: str,
        connection: str,
        region: str | None,
        poll_interval_s: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's base class is not annotated
        self.job_name, self.describe = job_name, describe
        self.name_field, self.status_field = name_field, status_field
        self.connection, self.region, self.poll_interval_s = connection, region, poll_interval_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class's path and its arguments."""
        names = ("job_name", "describe", "name_field", "status_field", "connection", "region", "poll_interval_s")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the job until it has ended."""
        hook: Any = AwsBaseHook(
            aws_conn_id=self.connection,
            client_type="sagemaker",
            region_name=self.region,
            config=Config(retries={"mode": "standard", "max_attempts": 8}),
        )
        async with await hook.get_async_conn() as sagemaker:
            while (status := await self._status(sagemaker)) not in TERMINAL:
                self.log.info("%s is %s; looking again in %g s", self.job_name, status, self.poll_interval_s)
                await asyncio.sleep(self.poll_interval_s)
        yield TriggerEvent({"job_name": self.job_name, "status": status})  # type: ignore[no-untyped-call]  # as above

    async def _status(self, sagemaker: Any) -> str:
        answer = await getattr(sagemaker, self.describe)(**{self.name_field: self.job_name})
        return str(answer[self.status_field])
