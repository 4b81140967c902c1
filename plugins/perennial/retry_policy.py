"""The table of faults as Airflow's retry policy. To be imported on Airflow 3.3 and later, which has such policies."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from include.specs.environment import retry_pace
from perennial import retries


class ByFault(RetryPolicy):
    """Waits as long as the fault behind an exception usually takes to pass; one that stays ends the task at once."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002 Airflow's signature
        context: Any = None,
    ) -> RetryDecision:
        """What the table says of `exception`. Evaluated in the worker, where the task has just failed."""
        fault = retries.of_error(exception)
        if not fault.passes:
            return RetryDecision.fail(reason=f"{fault.name}: {fault.advice}")
        wait_s = retries.delay_s(fault, try_number, identity=_identity(context), pace=retry_pace(os.environ))
        return RetryDecision.retry(dt.timedelta(seconds=wait_s), reason=f"{fault.name}: next try in {wait_s:.0f} s")


def _identity(context: Any) -> str:
    ti = (context or {}).get("ti")
    return " ".join(str(getattr(ti, name, "")) for name in ("dag_id", "run_id", "task_id", "map_index"))
