"""Partitions of another spec are told from those of the run's, by what they do not have of it."""

import datetime as dt
import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from include.ml.data import older_specs
from include.specs.dataset import Column
from include.specs.errors import DataContractError, PartitionError
from include.specs.model import ModelSpec
from include.specs.partition import PartitionManifest, PartitionRef

FIRST = dt.date(2026, 3, 1)


def pinned(day: int, rows: int = 3, columns: Mapping[str, str] | None = None) -> PartitionRef:
    manifest = PartitionManifest(
        model="toy", date=FIRST + dt.timedelta(days=day), files=(), rows=rows, columns=columns or {}, sources=()
    )
    return PartitionRef(manifest_key="k", sha256="0", manifest=manifest)


def of(labels: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([labels]).dictionary_encode()


def refusal(labels: list[str | None], model: ModelSpec, partitions: list[PartitionRef]) -> str:
    used = np.array([label is not None for label in labels])
    with pytest.raises(DataContractError) as refused:
        older_specs.require_levels(of(labels), used, partitions, model.dataset)
    return str(refused.value)


COLUMNS = (Column(name="size", kind="numeric"), Column(name="city", kind="categorical"))
AS_THEY_ARE = {"size": "double", "city": "string"}


def test_columns_of_the_spec_pass() -> None:
    """Whatever else a partition has: a column that the spec no longer names is not read."""
    older_specs.require_columns(
        [pinned(0, columns=AS_THEY_ARE | {"gone": "string"}), pinned(1, columns=AS_THEY_ARE)], COLUMNS
    )


def test_all_that_partitions_do_not_have_is_said_at_once() -> None:
    """Each column with what was expected and found, and where; partitions that have it are not named."""
    partitions = [
        pinned(3, columns=AS_THEY_ARE),
        pinned(2, columns={"size": "string", "city": "string"}),
        pinned(1, columns={"size": "double"}),
        pinned(0, columns={"size": "double"}),
    ]
    with pytest.raises(PartitionError) as refused:
        older_specs.require_columns(partitions, COLUMNS)
    raw = "raw/toy/year=2026/month=03"
    assert str(refused.value) == (
        f"column 'size' must be of type double, and is of type string in {raw}/day=03/; "
        f"column 'city' (of type string) is not in {raw}/day=01/, {raw}/day=02/. They were ingested under another "
        "spec: ingest those dates again, from landing files of this one, or train from a later start"
    )


def test_of_many_columns_a_few_are_named() -> None:
    """The message stays within what SageMaker keeps of it."""
    columns = [Column(name=f"{number:02d}{'x' * 50}", kind="timestamp") for number in range(30)]
    with pytest.raises(
        PartitionError, match=r"/day=03/ and 27 more partitions; and 27 more such columns\. "
    ) as refused:
        older_specs.require_columns([pinned(day) for day in range(30)], columns)
    assert len(str(refused.value)) < 1000


def test_labels_of_the_spec_pass(toy: ModelSpec) -> None:
    """And so does one that is not there yet."""
    older_specs.require_levels(of(["no", "yes", None]), np.array([True, True, False]), [pinned(0)], toy.dataset)
    older_specs.require_levels(of([None]), np.array([False]), [pinned(0)], toy.dataset)


def test_the_partition_that_holds_a_strange_label_is_named(toy: ModelSpec) -> None:
    """Of three only the one in the middle; a blank beside it is nothing strange."""
    labels = ["no", "yes", "no", "1", "0", "1", None, "yes", "no"]
    assert refusal(labels, toy, [pinned(2), pinned(1, rows=4), pinned(0, rows=2)]) == (
        "column 'left': 3 labels in raw/toy/year=2026/month=03/day=02/ are neither 'no' nor 'yes': 2 x '1', 1 x '0'. "
        "They were ingested under another spec: correct their landing files and ingest those dates again, or train "
        "from a later start"
    )


def test_a_strange_label_of_a_row_that_is_not_used_does_no_harm(toy: ModelSpec) -> None:
    """A newer partition has another row of its id: nobody has to ingest the old one again."""
    older_specs.require_levels(of(["yes", "1"]), np.array([True, False]), [pinned(1, 1), pinned(0, 1)], toy.dataset)


def test_of_many_strange_labels_a_few_are_quoted(toy: ModelSpec) -> None:
    """The message stays within what SageMaker keeps of it."""
    labels = [f"{place:02d}{'x' * 500}" for place in range(30)]
    told = refusal(labels, toy, [pinned(day, rows=1) for day in range(30)])
    assert re.search(r"day=01/, \S+day=02/, \S+day=03/ and 27 more partitions are neither", told)
    assert "1 x '00xx" in told
    assert "and 25 more levels" in told
    assert len(told) < 1000
