"""What versions were registered with and trained on, and what follows for a training."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from perennial import evidence
from perennial.hooks.lake import Lake

from include.specs import s3_layout
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.run import ServedVersion

Make = Callable[..., Any]
DAY = dt.date(2026, 2, 1)
OLD, NEW = ServedVersion(version=3, run="earlier"), ServedVersion(version=5, run="later")
KEYS = {
    version: (f"experiments/churn/{version.run}/evaluation.json", f"baselines/churn/{version.run}/sample.parquet")
    for version in (OLD, NEW)
}


def test_evidence_is_what_is_there(aws: SimpleNamespace, caplog: pytest.LogCaptureFixture) -> None:
    """By its exact key; what a past version lacks is told in the log."""
    for key in (*KEYS[NEW], KEYS[OLD][0], f"{KEYS[OLD][1]}.bak"):
        aws.put(key, b"{}")
    found = evidence.evidence(Lake("lake"), "churn", watched=NEW, past=[OLD])
    assert [source.key for source in found] == [*KEYS[NEW], KEYS[OLD][0]]
    assert f"expected s3://lake/{KEYS[OLD][1]}, which version 3 was registered with" in caplog.text


@pytest.mark.parametrize("missing", [0, 1])
def test_version_that_serves_must_have_all_of_it(aws: SimpleNamespace, missing: int) -> None:
    """The error names the object, and what a person can do."""
    aws.put(KEYS[NEW][1 - missing], b"{}")
    with pytest.raises(ReportError, match=f"expected s3://lake/{KEYS[NEW][missing]}.*approve another version"):
        evidence.evidence(Lake("lake"), "churn", watched=NEW, past=[])


def test_newest_partition_is_what_a_version_has_learnt(aws: SimpleNamespace) -> None:
    """In whatever order its training's files are named."""
    names = [f"{s3_layout.day(DAY - dt.timedelta(days=ago))}part-0.parquet" for ago in (3, 0, 7)]
    aws.put("experiments/churn/later/raw.manifest", json.dumps([{"prefix": "s3://lake/raw/churn/"}, *names]).encode())
    assert evidence.learnt_until(Lake("lake"), "churn", NEW) == DAY


EMPTY = b'[{"prefix": "s3://lake/raw/churn/"}]'


@pytest.mark.parametrize("content", [None, b"{", EMPTY, b'[{"prefix": ""}, "part-0"]'])
def test_training_that_left_no_such_list_is_no_fault(
    aws: SimpleNamespace, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    """What the version has learnt is not known then."""
    if content is not None:
        aws.put("experiments/churn/later/raw.manifest", content)
    assert evidence.learnt_until(Lake("lake"), "churn", NEW) is None
    assert ("What version 5 has learnt is not known" in caplog.text) == (content != EMPTY)


@pytest.mark.parametrize(
    ("version", "learnt_until", "why"),
    [
        # It serves: whatever it has learnt, it was not enough.
        (3, dt.date(2026, 2, 28), ""),
        (3, None, ""),
        # Another serves. The report says that the fall began on 8 February.
        (5, dt.date(2026, 2, 7), ""),
        (5, dt.date(2026, 2, 8), "version 5 was trained on data up to 2026-02-08: the fall began on 2026-02-08"),
        (5, dt.date(2026, 2, 9), "version 3, whose quality it is, serves no longer, and version 5 was trained on data"),
        (5, None, "what version 5 was trained on is not known"),
    ],
)
def test_what_a_successor_has_learnt_needs_no_training(
    churn: ModelSpec,
    performance_run: Make,
    performance_report: Make,
    version: int,
    learnt_until: dt.date | None,
    why: str,
) -> None:
    """Of the days on which its predecessor fell."""
    run = performance_run(churn, version=version, learnt_until=learnt_until)
    found = evidence.no_need_to_train(run, performance_report("degraded", watched=version))
    assert why in found
    assert bool(found) == bool(why)
