"""What is known of a served model."""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from perennial import serving
from perennial.hooks.lake import Lake

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.run import ServedVersion

DAY = dt.date(2026, 3, 1)


def _registry(*packages: dict[str, object]) -> SimpleNamespace:
    return SimpleNamespace(
        versions=lambda _: iter(packages), describe=lambda arn: {"ModelPackageArn": arn, **packages[0]}
    )


PACKAGE = {
    "ModelPackageVersion": 3,
    "ModelPackageArn": "arn:3",
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Approved",
    "CustomerMetadataProperties": {"run": "earlier"},
    "CreationTime": dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
}


def test_champion_is_watched(churn: ModelSpec, where: Environment) -> None:
    """Its version, and the run whose baseline and evaluation it has."""
    assert serving.watched(churn, _registry(PACKAGE), DAY, where=where) == ServedVersion(version=3, run="earlier")


def test_version_of_another_deployment_is_not_watched(churn: ModelSpec, where: Environment) -> None:
    """What it answered was captured elsewhere; that of this one is sought in the group of this one."""
    container = {"ModelDataUrl": "s3://other-lake/m"}
    package = PACKAGE | {"InferenceSpecification": {"Containers": [container]}}
    package["CustomerMetadataProperties"] = {"run": "earlier", "model_sha256": "c" * 64}
    asked: list[str] = []
    registry = _registry(package)
    registry.versions = lambda group: asked.append(group) or iter([package])
    with pytest.raises(AirflowSkipException, match="churn has no version"):
        serving.watched(churn, registry, DAY, where=dataclasses.replace(where, group_suffix="-dev"))
    assert asked == ["churn-dev"]


def test_without_a_version_nothing_is_watched(churn: ModelSpec, where: Environment) -> None:
    """That is no failure."""
    with pytest.raises(AirflowSkipException, match="churn has no version"):
        serving.watched(churn, _registry(), DAY, where=where)


def test_version_of_an_unknown_run_is_named(churn: ModelSpec, where: Environment) -> None:
    """There is nothing to compare with, and a person can choose another."""
    with pytest.raises(ReportError, match="arn:3 does not say which run registered it"):
        serving.watched(churn, _registry(PACKAGE | {"CustomerMetadataProperties": {}}), DAY, where=where)


def test_days_are_found_whole_and_what_came_late(aws: SimpleNamespace, churn: ModelSpec) -> None:
    """Of every variant: the days, the first hours of the day after the last, and the last one before the first."""
    spec = dataclasses.replace(churn, monitoring=dataclasses.replace(churn.monitoring, variants=("A", "B"), late_h=2))
    wanted = [
        *(f"capture/churn/{variant}/2026/02/27/23/a.jsonl" for variant in "AB"),
        *(
            f"capture/churn/{variant}/{hour}/a.jsonl"
            for variant in "AB"
            for hour in ("2026/02/28/23", "2026/03/01/00", "2026/03/02/01")
        ),
    ]
    for key in (*wanted, *(f"capture/churn/A/{hour}/a.jsonl" for hour in ("2026/02/27/22", "2026/03/02/02"))):
        aws.put(key, b"{}")
    found = serving.captured(Lake("lake"), spec, [DAY - dt.timedelta(days=1), DAY])
    assert [source.key for source in found] == wanted


def test_a_file_of_the_day_before_is_no_capture_of_a_day(aws: SimpleNamespace, churn: ModelSpec) -> None:
    """There nearly always is one: a run would never wait for the day's own."""
    aws.put("capture/churn/AllTraffic/2026/02/28/23/a.jsonl", b"{}")
    assert serving.captured(Lake("lake"), churn, [DAY]) == ()


def test_reports_are_those_of_the_days_before(aws: SimpleNamespace, churn: ModelSpec) -> None:
    """By their own name, as far back as is asked for."""
    for days in range(5):
        aws.put(s3_layout.monitoring("churn", DAY - dt.timedelta(days=days)) + "drift.json", b"{}")
    aws.put(s3_layout.monitoring("churn", DAY - dt.timedelta(days=1)) + "performance.json", b"{}")
    found = serving.reported(Lake("lake"), churn, "drift.json", before=DAY, days=3)
    assert found == tuple(DAY - dt.timedelta(days=days) for days in (3, 2, 1))


def test_labels_are_those_that_came_on_the_days(aws: SimpleNamespace, churn: ModelSpec) -> None:
    """By the day that they were told, which their folder names; another model's are none."""
    wanted = [s3_layout.labels("churn", DAY - dt.timedelta(days=ago)) + "a.parquet" for ago in (1, 0)]
    others = [s3_layout.labels("churn", DAY + dt.timedelta(days=1)), s3_layout.labels("fraud", DAY)]
    for key in (*wanted, *(other + "a.parquet" for other in others)):
        aws.put(key, b"PAR1")
    found = serving.labels(Lake("lake"), churn, [DAY - dt.timedelta(days=1), DAY])
    assert [source.key for source in found] == wanted


@pytest.mark.parametrize(
    ("known", "versions"),
    [
        ({}, [3, 3, 3, 3]),
        ({0: 2}, [2, None, None, None]),
        ({0: 3}, [3, 3, 3, 3]),
        ({1: 2, 3: 2}, [2, 2, 2, 2]),
        ({1: 2, 3: 3}, [2, 2, None, 3]),
        ({2: None}, [None, None, None, None]),
        # Rolled back: the one that serves has answered before, too.
        ({0: 3, 1: 2, 2: 3}, [3, 2, 3, 3]),
    ],
    ids=str,
)
def test_day_nobody_watched_is_of_the_version_around_it(
    known: dict[int, int | None], versions: list[int | None]
) -> None:
    """If the reports before and after it agree; between two versions nobody knows when the one took over."""
    dates = [DAY + dt.timedelta(days=number) for number in range(4)]
    reports = {dates[number]: version and _version(version) for number, version in known.items()}
    found = serving.served(dates, reports, watched=_version(3))
    assert list(found.items()) == [
        (date, version and _version(version)) for date, version in zip(dates, versions, strict=True)
    ]


def test_number_that_was_given_twice_is_that_of_the_later_run() -> None:
    """A group that was deleted begins anew with version 1: whoever answered before it is not known."""
    dates = [DAY + dt.timedelta(days=number) for number in range(4)]
    old, two, new = (ServedVersion(version=number, run=run) for number, run in ((1, "old"), (2, "b"), (1, "new")))
    reports = dict(zip(dates, (old, two, new, two), strict=True))
    assert list(serving.served(dates, reports, watched=two).values()) == [None, two, new, two]
    assert list(serving.served(dates, reports, watched=old).values()) == [old, two, None, two]


def _version(number: int) -> ServedVersion:
    return ServedVersion(version=number, run=f"run-{number}")
