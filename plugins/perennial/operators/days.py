"""What the tasks share that look at a day: which one it is, that all of it is there, and how it is waited for."""

from __future__ import annotations

import datetime as dt
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger

from include.specs.errors import PartitionError
from include.specs.model import ModelSpec
from perennial.operators.base import FlowOperator, required_date

# How long a run that waits for a day's first file leaves it alone between two looks.
LOOK_EVERY = dt.timedelta(minutes=15)
# What a task may take that does not wait.
_LOOKING = dt.timedelta(hours=6)


class WaitingOperator(FlowOperator):
    """A task that looks again when what is late may have come."""

    def __init__(self, **kwargs: Any) -> None:
        # A wait in the worker is part of the task's time; one in the triggerer is not.
        longest = _LOOKING + dt.timedelta(hours=self.longest_wait_h(kwargs["spec"]))
        super().__init__(**{**kwargs, "execution_timeout": longest})

    @staticmethod
    @abstractmethod
    def longest_wait_h(spec: ModelSpec) -> float:
        """Hours that it may wait."""

    def first_found[T](
        self, context: Any, find: Callable[[], T], *, is_expected: Callable[[], bool], wait_h: float
    ) -> T:
        """What `find` finds. While that is nothing, and something `is_expected`, a scheduled run looks again later."""
        while not (found := find()) and is_expected() and (moment := self.next_look(context, wait_h=wait_h)):
            self.wait_until(moment)
        return found

    def next_look(self, context: Any, *, wait_h: float) -> dt.datetime | None:
        """When to look again; None once so many hours have passed since the run's interval has ended, by the clock.

        A person's run and a backfill wait for nothing: what they are about is past.
        """
        run, moment = context["dag_run"], now()
        if run.run_type != "scheduled":
            return None
        last: dt.datetime = run.data_interval_end + dt.timedelta(hours=wait_h)
        if moment >= last:
            return None
        self.log.info("Nothing has come yet; waiting until %s at the latest", last)
        return min(moment + LOOK_EVERY, last)

    def wait_until(self, moment: dt.datetime) -> None:
        """Without a worker, and then `look_again`; where a place lets nothing defer, in the worker, and then return."""
        if self.where().deferrable:
            self.defer(trigger=DateTimeTrigger(moment=moment), method_name="look_again")
        time.sleep(max((moment - now()).total_seconds(), 0))

    def look_again(self, context: Any, event: Any = None) -> dict[str, Any]:  # noqa: ARG002 Airflow's signature
        """What was waited for may have come."""
        return dict(self.perform(context))


class DayOperator(WaitingOperator):
    """A task that looks at the run's day, and at no part of one.

    The day is the DAG param `date`, or the day that the data interval begins on. It is whole when it is over, and the
    files are there that come late (`Monitoring.whole_from`).
    """

    @staticmethod
    def longest_wait_h(spec: ModelSpec) -> float:
        """Until the day is whole, and then for a first file."""
        return spec.monitoring.late_h + spec.monitoring.wait_h

    def whole_day(self, context: Any) -> dt.date:
        """The run's day. A scheduled run waits for what is missing of it.

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
        self.wait_until(whole)


def now() -> dt.datetime:
    """The time (UTC)."""
    return dt.datetime.now(dt.UTC)
