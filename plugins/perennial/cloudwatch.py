"""What monitoring found out about a day, as metrics for CloudWatch. Pure functions: no call is made here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from perennial import naming

NAMESPACE = "Perennial"
_BATCH = 1000  # CloudWatch takes at most so many metrics in a call
_OLDEST = dt.timedelta(days=14)  # … and none that are older
_LONGEST_VALUE, _DIGITS = 1024, 16  # of a dimension; of the digest at the end of one that is cut


@dataclass(frozen=True, kw_only=True)
class Point:
    """One value of a metric of a model. `of` are the dimensions that it has besides the model."""

    name: str
    value: float
    unit: str = "None"
    of: Mapping[str, str] = field(default_factory=dict)


def takes(date: dt.date, now: dt.datetime) -> bool:
    """Whether CloudWatch takes metrics of `date`."""
    return _moment(date, now) > now - _OLDEST


def put_requests(points: Iterable[Point], model: str, date: dt.date, now: dt.datetime) -> list[dict[str, Any]]:
    """Requests of PutMetricData, in as many calls as it takes.

    Args:
        now: no metric is of a later time.
    """
    data = [
        {
            "MetricName": point.name,
            "Value": point.value,
            "Unit": point.unit,
            "Timestamp": _moment(date, now),
            "Dimensions": [dimension(name, value) for name, value in {"Model": model, **point.of}.items()],
        }
        for point in points
    ]
    return [{"Namespace": NAMESPACE, "MetricData": list(batch)} for batch in batched(data, _BATCH)]


def dimension(name: str, value: str) -> dict[str, str]:
    r"""CloudWatch takes printable ASCII, no colon at its beginning, no blank alone, and at most 1024 characters.

    Whatever else there is, is escaped, so that two values stay two: they would be one metric with two values at a time.

    >>> dimension("Feature", ":größe")
    {'Name': 'Feature', 'Value': '\\x3agr\\xf6\\xdfe'}
    """
    # A backslash becomes two, so what is escaped is no other value's own text; nor is one alone.
    escaped = value.encode("unicode_escape").decode() or "\\"
    if escaped[0] in ": ":
        escaped = rf"\x{ord(escaped[0]):02x}{escaped[1:]}"
    if len(escaped) > _LONGEST_VALUE:
        escaped = escaped[: _LONGEST_VALUE - _DIGITS] + naming.digest(value)[:_DIGITS]
    return {"Name": name, "Value": escaped}


def _moment(date: dt.date, now: dt.datetime) -> dt.datetime:
    """The end of the day, or now where that lies ahead."""
    return min(dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), dt.UTC), now)
