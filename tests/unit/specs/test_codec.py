"""What is encoded is decoded to the same value, and what is not meant is refused with its place."""

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.specs import catalog, codec
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.reports import Estimate, ModelManifest
from include.specs.run import Champion, Provenance, SplitBoundary, TrainingRun


@dataclass(frozen=True, kw_only=True)
class Inner:
    number: float
    when: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: Mapping[str, Inner] = field(default_factory=dict)
    value: bool | int | float | str | None = None
    day: dt.date = dt.date(2026, 1, 1)


finite = st.floats(allow_nan=False, allow_infinity=False)
inners = st.builds(Inner, number=finite, when=st.none() | st.datetimes(timezones=st.just(dt.UTC)))
outers = st.builds(
    Outer,
    name=st.text(),
    kind=st.sampled_from(["a", "b"]),
    inner=st.none() | inners,
    many=st.lists(inners, max_size=3).map(tuple),
    named=st.dictionaries(st.text(), inners, max_size=3),
    value=st.none() | st.booleans() | st.integers() | finite | st.text(),
    day=st.dates(),
)


@given(outers)
def test_what_is_encoded_is_decoded_to_the_same_value(value: Outer) -> None:
    """Types included: True does not become 1."""
    again = codec.decode(Outer, codec.encode(value), source="test")
    assert again == value
    assert type(again.value) is type(value.value)


@given(outers)
def test_the_same_value_has_the_same_bytes(value: Outer) -> None:
    """Whatever order its mappings were made in."""
    turned = Outer(**{**value.__dict__, "named": dict(reversed(value.named.items()))})
    assert codec.encode(turned) == codec.encode(value)


@pytest.mark.parametrize("name", sorted(catalog.load()))
def test_a_run_of_every_model_survives_the_journey(name: str) -> None:
    """As run.json does from the scheduler to a job."""
    boundary = SplitBoundary(seed=3, hash_from=0.25, time_until=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    champion = Champion(
        version=3, package_arn="arn", approval_status="Approved", model_url="s3://b/k", sha256="0", boundary=boundary
    )
    run = TrainingRun(
        model=catalog.model(name),
        provenance=Provenance(run="r", dag_id="d", run_id="i"),
        partitions=(),
        champion=champion,
    )
    assert codec.decode(TrainingRun, codec.encode(run), source="run.json") == run


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_without_end_is_never_written(number: float) -> None:
    """JSON has no word for it."""
    with pytest.raises(ReportError, match="finite"):
        codec.encode({"a": number})


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("{", "x.json: expected JSON of a Outer"),
        ("[]", "x.json: expected a dict"),
        ("{}", "x.json: not a Outer: .*name"),
        ('{"name": 1}', r"x\.json\.name: expected a str, got 1"),
        ('{"name": "n", "extra": 1}', "has no field 'extra'; it has"),
        ('{"name": "n", "kind": "c"}', r"x\.json\.kind: expected one of \['a', 'b'\], got 'c'"),
        ('{"name": "n", "many": [{"number": "1"}]}', r"x\.json\.many\[0\]\.number: expected a float"),
        ('{"name": "n", "named": {"k": {"number": true}}}', r"x\.json\.named\.k\.number: expected a float, got True"),
        ('{"name": "n", "inner": {"number": NaN}}', "NaN is not a finite number"),
        ('{"name": "n", "day": "yesterday"}', r"x\.json\.day: expected an ISO 8601 date"),
    ],
)
def test_what_is_not_meant_is_refused_with_its_place(payload: str, message: str) -> None:
    """The file, the field, what was expected and what came."""
    with pytest.raises(ReportError, match=message):
        codec.decode(Outer, payload, source="x.json")


def test_a_value_that_the_class_refuses_is_refused_with_its_place() -> None:
    """Decoding is no way around a spec's own checks."""
    plain: dict[str, Any] = codec.to_plain(catalog.model("churn"))
    plain["gate"]["thresholds"]["roc_auc"] = 1.2
    with pytest.raises(ReportError, match=r"run\.json\.gate: .*gate\.thresholds\.roc_auc must be within \[0, 1\]"):
        codec.decode(ModelSpec, json.dumps(plain), source="run.json")


def test_a_whole_number_is_a_float_where_one_is_expected() -> None:
    """JSON does not tell 1 from 1.0; hyper-parameters keep what they were."""
    assert codec.decode(Estimate, '{"value": 1, "low": 0, "high": 1}', source="x").low == 0.0
    manifest = ModelManifest(
        model="m",
        run="r",
        sha256="0",
        content_sha256="0",
        types=(),
        features=(),
        positive="yes",
        threshold=0.5,
        boundary=SplitBoundary(),
        hyperparameters={"max_iter": 5, "C": 1.0, "warm_start": False, "max_depth": None, "solver": "lbfgs"},
        packages={},
        data_sha256="0",
    )
    again = codec.decode(ModelManifest, codec.encode(manifest), source="x").hyperparameters
    assert [type(value) for value in again.values()] == [float, type(None), int, str, bool]
