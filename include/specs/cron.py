"""When a flow runs: cron of five fields, refused when the spec is made rather than when a scheduler meets it.

Checked by hand: jobs read specs too, and what Airflow reads cron with is in no image of theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.specs.errors import require

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# All, one, or a range; each perhaps in steps.
_ELEMENT = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """One of the five fields.

    Args:
        names: of its values, where they have some.
        special: what it may hold instead of elements, as a regular expression.
    """

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = r"(?!)"

    def takes(self, text: str) -> bool:
        """Whether `text`, in lower case, can be the field's."""
        return all(map(self._reads, text.split(","))) or re.fullmatch(self.special, text) is not None

    def _reads(self, element: str) -> bool:
        found = _ELEMENT.fullmatch(element)
        if found is None:
            return False
        values = [value for value in (found["first"], found["last"]) if value is not None]
        return all(map(self._knows, values)) and (found["step"] is None or int(found["step"]) > 0)

    def _knows(self, text: str) -> bool:
        return text in self.names or (text.isdecimal() and self.low <= int(text) <= self.high)


_UNITS = (
    _Unit(title="minute", low=0, high=59),
    _Unit(title="hour", low=0, high=23),
    _Unit(title="day of the month", low=1, high=31, special=r"\?|(?:(?:[1-9]|[12]\d|3[01]),)*l"),
    _Unit(title="month", low=1, high=12, names=_MONTHS),
    _Unit(
        title="day of the week",
        low=0,
        high=7,
        names=_WEEKDAYS,
        special=r"\?|l[0-7]|[0-7]#[1-5](?:,[0-7]#[1-5])*",
    ),
)


def require_cron(expression: str, field: str) -> None:
    """Raise `SpecError` for `field` unless `expression` is cron of five fields, each within its range.

    >>> require_cron("*/15 6-18 * * mon-fri", "schedule")
    >>> require_cron("0 24 * * *", "schedule")
    Traceback (most recent call last):
    include.specs.errors.SpecError: schedule must be five-field cron, the hour of 0 to 23, got '0 24 * * *'
    """
    texts = expression.lower().split()
    require(len(texts) == len(_UNITS), field, "be five-field cron", expression)
    for unit, text in zip(_UNITS, texts, strict=True):
        expected = f"be five-field cron, the {unit.title} of {unit.low} to {unit.high}"
        require(unit.takes(text), field, expected, expression)


def require_daily(expression: str, field: str) -> None:
    """Raise `SpecError` for `field` unless `expression` is cron that is due once a day.

    Of a flow whose runs are of a day each: a run's day is that on which its interval begins, so a longer interval would
    leave days out, and a shorter one would look at a day that goes on.

    >>> require_daily("30 2 * * *", "schedule")
    >>> require_daily("0 2 * * mon-fri", "schedule")
    Traceback (most recent call last):
    include.specs.errors.SpecError: schedule must be cron of every day, 'minute hour * * *', got '0 2 * * mon-fri'
    """
    require_cron(expression, field)
    minute, hour, *days = expression.split()
    once = minute.isdecimal() and hour.isdecimal()
    require(once and days == ["*", "*", "*"], field, "be cron of every day, 'minute hour * * *'", expression)
