"""When flows of days run: by the clock, and afterwards for intervals that nobody was there to run."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable


class CronCatchUpTimetable(CronDataIntervalTimetable):
    """The data intervals of a cron expression (UTC). Those that were missed are run afterwards, the oldest first.

    Airflow's own `catchup` knows all or nothing: all since the DAG's start date, also when it is first un-paused, or
    the newest only. This one is for DAGs that say `catchup=False`. It begins with the newest interval, and from then on
    leaves none out, unless more were missed than `at_most`; then those before are left to a backfill. A backfill takes
    its intervals from here too, as many as it wants.

    Args:
        at_most: how many of the newest intervals are run that were missed, at least 1.
    """

    def __init__(self, cron: str, *, at_most: int) -> None:
        super().__init__(cron, "UTC")
        self._at_most = at_most
        self.description = f"{self.description} (UTC); of missed intervals, the newest {at_most}"

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """What `serialize` was asked of."""
        return cls(data["expression"], at_most=data["at_most"])

    def serialize(self) -> dict[str, Any]:
        """All that it was made of."""
        return {**super().serialize(), "at_most": self._at_most}

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The interval after the last one, if that is no more than `at_most` ago."""
        if last_automated_data_interval is not None and not restriction.catchup:
            earliest = max(filter(None, (restriction.earliest, self._oldest())))
            restriction = TimeRestriction(earliest, restriction.latest, catchup=True)
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )

    def _oldest(self) -> pendulum.DateTime:
        """When the oldest interval begins that is still made up; the newest is the last one that has ended."""
        interval = self.infer_manual_data_interval(run_after=pendulum.instance(dt.datetime.now(dt.UTC)))
        for _ in range(self._at_most - 1):
            interval = self.infer_manual_data_interval(run_after=interval.start)
        return interval.start
