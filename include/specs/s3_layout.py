"""Where everything lies in the data bucket. Keys come from a date or a run, never from the wall clock."""

from __future__ import annotations

import datetime as dt
import re

from include.specs.errors import PerennialError

MANIFEST = "_manifest.json"
# A capture file lies in the folder of the hour in which it was begun, and may go on for so long: the last one before
# midnight holds records of the day after.
CAPTURE_FILE = dt.timedelta(hours=1)
_DAY = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/")
_CAPTURE_HOUR = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/(\d{2})/[^/]+$")


def day(date: dt.date) -> str:
    """The Hive-style path of a date (UTC).

    >>> day(dt.date(2026, 3, 1))
    'year=2026/month=03/day=01/'
    """
    return f"year={date.year:04d}/month={date.month:02d}/day={date.day:02d}/"


def date_of(key: str) -> dt.date:
    """The date in `key`; the inverse of `day`.

    >>> date_of("raw/churn/year=2026/month=03/day=01/part-0.parquet")
    datetime.date(2026, 3, 1)

    Raises:
        PerennialError: there is no such date in it.
    """
    found = _DAY.search(key)
    if found is None:
        raise PerennialError(f"expected year=YYYY/month=MM/day=DD/ in the key {key!r}, found none")
    try:
        return dt.date(*map(int, found.groups()))
    except ValueError as error:
        raise PerennialError(f"expected a date in the key {key!r}, found {found[0]}: {error}") from error


def landing(model: str, date: dt.date) -> str:
    """Prefix of what producers drop for a date."""
    return f"landing/{model}/{day(date)}"


def is_mark(name: str) -> bool:
    """Whether `name`, below the prefix of some data, is none of it: by the convention of Hive and Spark, what a writer
    leaves beside its files, or has not finished, begins with `_` or `.`, or lies in a folder that does.

    >>> [is_mark(name) for name in ("part-0.csv", "_SUCCESS", ".part-0.csv.crc", "_temporary/0/part-0.csv")]
    [False, True, True, True]
    """
    return any(part.startswith(("_", ".")) for part in name.split("/"))


def raw(model: str) -> str:
    """Prefix of all partitions of a model."""
    return f"raw/{model}/"


def partition(model: str, date: dt.date) -> str:
    """Prefix of one partition."""
    return raw(model) + day(date)


def manifest(model: str, date: dt.date) -> str:
    """Key of the object that makes a partition exist."""
    return partition(model, date) + MANIFEST


def is_manifest(model: str, key: str) -> bool:
    """Whether the object at `key` makes a partition of the model exist; a copy that somebody keeps there does not.

    >>> is_manifest("churn", "raw/churn/year=2026/month=03/day=01/_manifest.json")
    True
    >>> is_manifest("churn", "raw/churn/old/year=2026/month=03/day=01/_manifest.json")
    False
    """
    try:
        return key == manifest(model, date_of(key))
    except PerennialError:
        return False


def quarantine(model: str, date: dt.date) -> str:
    """Prefix of the rows that a partition's ingestion refused."""
    return f"quarantine/{model}/{day(date)}"


def labels(model: str, date: dt.date) -> str:
    """Prefix of the labels that came on a day, of rows of any day before.

    >>> labels("churn", dt.date(2026, 3, 1))
    'labels/churn/year=2026/month=03/day=01/'
    """
    return f"labels/{model}/{day(date)}"


def predictions(model: str, date: dt.date) -> str:
    """Prefix of what batch transforms said of a day's rows.

    >>> predictions("churn", dt.date(2026, 3, 1))
    'predictions/churn/year=2026/month=03/day=01/'
    """
    return f"predictions/{model}/{day(date)}"


def processed(model: str, run: str, part: str) -> str:
    """Prefix of one part (train, validation, test) of a run's split."""
    return f"processed/{model}/{run}/{part}/"


def models(model: str, run: str) -> str:
    """Prefix of a run's model; SageMaker itself adds `<job>/output/model.tar.gz`."""
    return f"models/{model}/{run}/"


def checkpoints(model: str, run: str) -> str:
    """Prefix of a run's training checkpoints."""
    return f"checkpoints/{model}/{run}/"


def experiment(model: str, run: str) -> str:
    """Prefix of a run's configuration and reports."""
    return f"experiments/{model}/{run}/"


def baseline(model: str, run: str) -> str:
    """Prefix of what drift compares with, for the version that `run` registers."""
    return f"baselines/{model}/{run}/"


def capture(endpoint: str) -> str:
    """Prefix under which SageMaker keeps what an endpoint was asked and answered."""
    return f"capture/{endpoint}/"


def capture_day(endpoint: str, variant: str, date: dt.date) -> str:
    """Prefix of the files that a variant's answers were written to on a day (UTC); below it, the hours.

    >>> capture_day("churn-prod", "AllTraffic", dt.date(2026, 3, 1))
    'capture/churn-prod/AllTraffic/2026/03/01/'
    """
    return f"{capture(endpoint)}{variant}/{date:%Y/%m/%d}/"


def capture_hour(endpoint: str, variant: str, time: dt.datetime) -> str:
    """Prefix of the requests that a variant answered in the hour of `time`, which has an offset.

    >>> capture_hour("churn-prod", "AllTraffic", dt.datetime(2026, 3, 1, 7, 59, tzinfo=dt.UTC))
    'capture/churn-prod/AllTraffic/2026/03/01/07/'
    """
    return f"{capture(endpoint)}{variant}/{time.astimezone(dt.UTC):%Y/%m/%d/%H}/"


def captured_in(key: str) -> dt.datetime | None:
    """The beginning of the hour (UTC) in which a capture file was begun; None where the key names none.

    >>> captured_in("capture/churn/AllTraffic/2026/03/01/07/a.jsonl")
    datetime.datetime(2026, 3, 1, 7, 0, tzinfo=datetime.timezone.utc)
    """
    found = _CAPTURE_HOUR.search(key)
    if found is None:
        return None
    year, month, of_month, hour = map(int, found.groups())
    return dt.datetime(year, month, of_month, hour, tzinfo=dt.UTC)


def captured_on(key: str) -> dt.date:
    """The day (UTC) in one of whose hours a capture file was begun, or that a batch transform's output is of.

    >>> captured_on("capture/churn/AllTraffic/2026/03/01/07/a.jsonl")
    datetime.date(2026, 3, 1)
    >>> captured_on("predictions/churn/year=2026/month=03/day=02/rows.csv.out")
    datetime.date(2026, 3, 2)

    Raises:
        PerennialError: there is no such day in it.
    """
    if key.startswith("predictions/"):
        return date_of(key)
    begun = captured_in(key)
    if begun is None:
        raise PerennialError(f"expected …/YYYY/MM/DD/HH/<file> as the key of a capture file, got {key!r}")
    return begun.date()


def monitoring(model: str, date: dt.date) -> str:
    """Prefix of what was found out about a day."""
    return f"monitoring/{model}/{day(date)}"


def retraining(model: str) -> str:
    """Key of the record of when monitoring last asked for a training: one for drift and for lost quality."""
    return f"monitoring/{model}/retraining.json"


def told(model: str, watch: str) -> str:
    """Key of the record of what people last heard of what is watched of a model.

    >>> told("churn", "drift")
    'monitoring/churn/told-drift.json'
    """
    return f"monitoring/{model}/told-{watch}.json"


def newest_training(model: str) -> str:
    """Key of the record of what the newest training is about.

    >>> newest_training("churn")
    'experiments/churn/newest_training.json'
    """
    return f"experiments/{model}/newest_training.json"


def champion(model: str) -> str:
    """Key of the pointer to a model's champion."""
    return f"champions/{model}.json"


def uri(bucket: str, key: str) -> str:
    """`key` in `bucket` as an s3:// URI."""
    return f"s3://{bucket}/{key}"
