"""What the tasks share that look at a day: which one it is, and that all of it is there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger

from include.specs.errors import PartitionError
from perennial.operators.base import FlowOperator, required_date


class DayOperator(FlowOperator):
    """A task that looks at the run's day, and at no part of one.

    The day is the DAG param `date`, or the day that the data interval begins on. It is whole when it is over, and the
    files are there that come late (`Monitoring.whole_from`).
    """

    def whole_day(self, context: Any) -> dt.date:
        """The run's day. A scheduled run waits for what is missing of it, without a worker.

        Raises:
            PartitionError: the run has no day, or a person asked for one that is not whole yet.
        """
        date = required_date(context)
        whole = self.spec.monitoring.whole_from(date)
        if now() < whole:
            self._wait(date, whole, context)
        return date

    def _wait(self, date: dt.date, whole: dt.datetime, context: Any) -> None:
        if context["dag_run"].run_type != "scheduled":
            raise PartitionError(
                f"{date} is no whole day before {whole:%Y-%m-%d %H:%M} UTC, with files that come late "
                "(monitoring.late_h): give an earlier `date`, or start this run after that"
            )
        self.log.info("%s is not whole yet; waiting until %s", date, whole)
        self.defer(trigger=DateTimeTrigger(moment=whole), method_name="look_again")

    def look_again(self, context: Any, event: Any = None) -> dict[str, Any]:  # noqa: ARG002 Airflow's signature
        """What was waited for may have come."""
        return dict(self.perform(context))


def now() -> dt.datetime:
    """The time (UTC)."""
    return dt.datetime.now(dt.UTC)
