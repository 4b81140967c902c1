"""Keys say where a thing lies, and can be read back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.specs import s3_layout
from include.specs.errors import PerennialError

names = st.from_regex(r"[a-z][a-z0-9-]{0,22}[a-z0-9]", fullmatch=True)
runs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,40}", fullmatch=True)
dates = st.dates()


@given(names, dates)
def test_a_date_can_be_read_from_any_key_that_holds_it(model: str, date: dt.date) -> None:
    """Whatever stands before and after."""
    for prefix in (
        s3_layout.landing,
        s3_layout.partition,
        s3_layout.quarantine,
        s3_layout.labels,
        s3_layout.monitoring,
    ):
        assert s3_layout.date_of(prefix(model, date) + "part-0.parquet") == date
    assert s3_layout.date_of(s3_layout.manifest(model, date)) == date


@given(dates, dates)
def test_days_sort_as_dates_do(one: dt.date, other: dt.date) -> None:
    """So that a listing by key is a listing by time."""
    assert (s3_layout.day(one) < s3_layout.day(other)) == (one < other)


@given(names, names, dates, runs)
def test_models_never_share_a_prefix(one: str, other: str, date: dt.date, run: str) -> None:
    """Not even where one's name begins with the other's."""
    if one == other:
        return
    for prefix in (
        s3_layout.landing,
        s3_layout.partition,
        s3_layout.quarantine,
        s3_layout.labels,
        s3_layout.monitoring,
    ):
        assert not prefix(one, date).startswith(prefix(other, date))
    for prefix in (s3_layout.models, s3_layout.experiment, s3_layout.baseline, s3_layout.checkpoints):
        assert not prefix(one, run).startswith(prefix(other, run))
    assert not s3_layout.raw(one).startswith(s3_layout.raw(other))
    assert s3_layout.champion(one) != s3_layout.champion(other)
    assert s3_layout.newest_training(one) != s3_layout.newest_training(other)


@given(names, dates, runs)
def test_every_prefix_is_of_a_kind_of_its_own(model: str, date: dt.date, run: str) -> None:
    """No kind lies below another, and each ends as a folder does."""
    by_date = [prefix(model, date) for prefix in (s3_layout.landing, s3_layout.partition, s3_layout.quarantine)]
    by_run = [
        prefix(model, run)
        for prefix in (s3_layout.models, s3_layout.checkpoints, s3_layout.experiment, s3_layout.baseline)
    ]
    found = [*by_date, *by_run, s3_layout.processed(model, run, "train"), s3_layout.processed(model, run, "test")]
    # The pointer to the champion outlives every run: it lies with nothing that may be deleted after a while.
    assert s3_layout.champion(model).partition("/")[0] not in {prefix.partition("/")[0] for prefix in found}
    for one in found:
        assert one.endswith("/")
        assert not [other for other in found if other is not one and other.startswith(one)]


@pytest.mark.parametrize("key", ["raw/churn/part-0.parquet", "raw/churn/year=2026/month=3/day=1/x"])
def test_a_key_without_a_date_is_refused(key: str) -> None:
    """It is not guessed."""
    with pytest.raises(PerennialError, match="found none"):
        s3_layout.date_of(key)


@pytest.mark.parametrize("day", ["month=13/day=01", "month=02/day=30", "month=03/day=00"])
def test_a_key_with_a_date_that_is_none_is_refused(day: str) -> None:
    """By its name, as one without a date."""
    with pytest.raises(PerennialError, match=rf"'raw/churn/year=2026/{day}/x', found year=2026/{day}/: \w+"):
        s3_layout.date_of(f"raw/churn/year=2026/{day}/x")


@given(names, dates)
def test_a_partition_is_made_by_its_own_manifest_alone(model: str, date: dt.date) -> None:
    """Not by a copy of it, of whatever day, nor by what only ends like one."""
    key = s3_layout.manifest(model, date)
    assert s3_layout.is_manifest(model, key)
    raw = s3_layout.raw(model)
    for other in (
        key.replace(raw, f"{raw}backup/"),
        f"{raw}{s3_layout.MANIFEST}",
        key.replace(s3_layout.MANIFEST, f"old/{s3_layout.MANIFEST}"),
        key.replace(s3_layout.MANIFEST, f"old{s3_layout.MANIFEST}"),
        f"{raw}year=2026/month=13/day=01/{s3_layout.MANIFEST}",
        s3_layout.manifest(f"{model}x", date),
    ):
        assert not s3_layout.is_manifest(model, other), other


@given(names, names, st.datetimes(timezones=st.timezones()))
def test_an_hours_capture_lies_below_its_endpoint_alone(one: str, other: str, time: dt.datetime) -> None:
    """In the hour that it is in UTC."""
    prefix = s3_layout.capture_hour(one, "main", time)
    assert prefix.startswith(s3_layout.capture(one))
    assert prefix.endswith(f"/main/{time.astimezone(dt.UTC):%Y/%m/%d/%H}/")
    assert one == other or not prefix.startswith(s3_layout.capture(other))
