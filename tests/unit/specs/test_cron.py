"""A schedule that the scheduler could not read is refused with the spec."""

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import given
from hypothesis import strategies as st

from include.specs.cron import require_cron, require_daily
from include.specs.errors import SpecError

READABLE = [
    "0 2 * * *",
    "*/15 0-23/2 1,15 1-12 0-7",
    "5/10 22-2 * jan-MAR Mon-fri",
    "0 0 L * *",
    "0 0 ? * L5",
    "0 0 15,L * *",
    "0 0 * * 1#1,1#3",
    "59 23 31 12 7",
]


@pytest.mark.parametrize("expression", READABLE)
def test_cron_is_taken_as_the_scheduler_takes_it(expression: str) -> None:
    """Numbers, names, ranges, steps, lists, and the last or a certain weekday of a month."""
    assert croniter.is_valid(expression)
    require_cron(expression, "schedule")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("@weekly", "be five-field cron, got"),
        ("0 2 * *", "be five-field cron, got"),
        ("60 2 * * *", "minute of 0 to 59"),
        ("0 24 * * *", "hour of 0 to 23"),
        ("0 0 0 * *", "day of the month of 1 to 31"),
        ("0 0 * 13 *", "month of 1 to 12"),
        ("0 0 * * 8", "day of the week of 0 to 7"),
        ("99 99 99 99 99", "minute"),
        ("a b c d e", "minute"),
        ("0 0 * mon *", "month of"),
        ("*/0 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("-5 * * * *", "minute"),
        ("5- * * * *", "minute"),
        ("0 L * * *", "hour"),
    ],
)
def test_other_text_is_refused(expression: str, message: str) -> None:
    """With the field of the spec, and the part of it that cannot be read."""
    assert expression == "@weekly" or not croniter.is_valid(expression)
    with pytest.raises(SpecError, match=rf"^training_schedule must .*{message}"):
        require_cron(expression, "training_schedule")


_VALUE = st.integers(0, 60).map(str) | st.sampled_from(["*", "jan", "Dec", "sun", "SAT", "l", "L3", "?", "2#2", "x"])
_RANGE = st.builds("{}-{}".format, _VALUE, _VALUE)
_ELEMENT = _VALUE | _RANGE | st.builds("{}/{}".format, _VALUE | _RANGE, st.integers(0, 99))
_FIELD = st.lists(_ELEMENT, min_size=1, max_size=2).map(",".join)


def test_cron_that_is_never_due_is_refused() -> None:
    """Airflow takes it, and then nothing runs, without a word."""
    for days in ("30 2", "31 feb", "31 4,6,9,11", "31 4-6/2", "30,31 2/12", "31 sep-nov/2"):
        with pytest.raises(
            SpecError, match=r"^training_schedule must be cron that is due some day: none of its months"
        ):
            require_cron(f"0 0 {days} *", "training_schedule")
    for rare in ("29 2 *", "31 nov-mar *", "30-2 2 *", "15,l 2 *", "30 2 1", "31 4-6 ?", "*/31 2 *", "30 2-2 *"):
        require_cron(f"0 0 {rare}", "training_schedule")


def _lists(values: list[str]) -> st.SearchStrategy[str]:
    """Values and ranges of them, forwards."""
    ranges = st.lists(st.sampled_from(values), min_size=2, max_size=2).map(lambda ends: sorted(ends, key=values.index))
    elements = st.sampled_from(values) | ranges.map("-".join)
    return st.lists(elements, min_size=1, max_size=2).map(",".join)


# Late days and short months are what matters.
_DAYS, _MONTHS = _lists(["28", "29", "30", "31"]), _lists(["2", "feb", "4", "6", "9", "11", "12"])
_STEPS = st.just("") | st.integers(1, 31).map("/{}".format)


@given(days=st.builds("{}{}".format, _DAYS, _STEPS), months=st.builds("{}{}".format, _MONTHS, _STEPS))
def test_what_is_taken_is_due_some_day(days: str, months: str) -> None:
    """And what is refused never is: so croniter says, too."""
    expression = f"0 0 {days} {months} *"
    try:
        require_cron(expression, "schedule")
    except SpecError:
        with pytest.raises(CroniterBadDateError):
            croniter(expression).get_next()
    else:
        assert croniter(expression).get_next()


@given(st.integers(0, 4), _FIELD)
def test_what_is_taken_the_scheduler_can_read(place: int, text: str) -> None:
    """Airflow reads cron with croniter."""
    expression = " ".join([*["*"] * place, text, *["*"] * (4 - place)])
    try:
        require_cron(expression, "schedule")
    except SpecError:
        return
    assert croniter.is_valid(expression), expression


@pytest.mark.parametrize("expression", ["0 2 * * *", "59 23 * * *", "00 07 * * *"])
def test_cron_of_every_day_is_taken(expression: str) -> None:
    """At one time of it, whichever that is."""
    require_daily(expression, "schedule")


NOT_DAILY = {
    "weekly": "0 2 * * 1",
    "on weekdays": "0 2 * * 1-5",
    "monthly": "0 2 1 * *",
    "in a season": "0 2 * 6-8 *",
    "every second day": "0 2 */2 * *",
    "hourly": "0 * * * *",
    "twice a day": "0 2,14 * * *",
    "often": "*/15 2 * * *",
}


@pytest.mark.parametrize("expression", NOT_DAILY.values(), ids=NOT_DAILY)
def test_a_flow_of_days_runs_every_day_once(expression: str) -> None:
    """Else days would be left out without a word, or looked at while they go on."""
    require_cron(expression, "schedule")
    with pytest.raises(SpecError, match=r"^schedule must be cron of every day, 'minute hour \* \* \*', got"):
        require_daily(expression, "schedule")


def test_other_text_is_no_cron_of_every_day() -> None:
    """It is refused as what it is."""
    with pytest.raises(SpecError, match=r"^schedule must be five-field cron, the hour of 0 to 23"):
        require_daily("0 24 * * *", "schedule")
