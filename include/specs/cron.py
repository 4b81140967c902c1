"""When a flow runs: cron of five fields, refused when the spec is made rather than when a scheduler meets it.

Checked by hand: jobs read specs too, and what Airflow reads cron with is in no image of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from include.specs.errors import require

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Month → its days, in a year in which it has most.
_LONGEST = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1))
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
        return all(map(self._values, text.split(","))) or re.fullmatch(self.special, text) is not None

    def values(self, text: str) -> set[int]:
        """What `text` stands for, which the field takes; nothing where that is special."""
        return {value for element in text.split(",") for value in self._values(element)}

    def _values(self, element: str) -> Sequence[int]:
        """Empty where it cannot be read."""
        found = _ELEMENT.fullmatch(element)
        if found is None or not all(map(self._knows, filter(None, found.group("first", "last")))):
            return ()
        if found["first"] and not (found["last"] or found["step"]):
            return (self._number(found["first"]),)
        low, high = (self._number(found[end] or default) for end, default in (("first", self.low), ("last", self.high)))
        # A range that goes over the end has both ends of the field in it; one of a single value is all, to croniter.
        values = range(low, high + 1) if low < high else range(self.low, self.high + 1)
        step = int(found["step"] or 1)
        return values[::step] if step else ()

    def _number(self, text: str | int) -> int:
        return self.names.index(text) + self.low if text in self.names else int(text)

    def _knows(self, text: str) -> bool:
        return text in self.names or (text.isdecimal() and self.low <= int(text) <= self.high)


_DAY = _Unit(title="day of the month", low=1, high=31, special=r"\?|(?:(?:[1-9]|[12]\d|3[01]),)*l")
_MONTH = _Unit(title="month", low=1, high=12, names=_MONTHS)
_UNITS = (
    _Unit(title="minute", low=0, high=59),
    _Unit(title="hour", low=0, high=23),
    _DAY,
    _MONTH,
    _Unit(
        title="day of the week",
        low=0,
        high=7,
        names=_WEEKDAYS,
        special=r"\?|l[0-7]|[0-7]#[1-5](?:,[0-7]#[1-5])*",
    ),
)


def require_cron(expression: str, field: str) -> None:
    """Raise `SpecError` for `field` unless `expression` is cron of five fields, each within its range, and ever due.

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
    require(_is_ever_due(*texts[2:]), field, "be cron that is due some day: none of its months is so long", expression)


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


def _is_ever_due(days: str, months: str, weekdays: str) -> bool:
    """Whether one of the months has one of the days, in some year."""
    # Of both kinds of days either is enough, and every month has its last day.
    if weekdays not in ("*", "?") or re.fullmatch(_DAY.special, days):
        return True
    return min(_DAY.values(days)) <= max(map(_LONGEST.__getitem__, _MONTH.values(months)))
