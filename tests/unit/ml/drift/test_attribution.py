"""The order of attributions, then and now."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from include.ml.drift.attribution import attribution_drift, ndcg
from include.specs.errors import ReportError

THEN = {"a": 0.7, "b": 0.5, "c": 0.05, "d": 0.0}
ATTRIBUTIONS = st.integers(2, 12).flatmap(
    lambda size: st.tuples(*[st.lists(st.integers(0, 8), min_size=size, max_size=size)] * 2)
)


def named(values) -> dict[str, float]:
    """Features by number."""
    return {f"f{place}": float(value) for place, value in enumerate(values)}


@given(ATTRIBUTIONS.filter(lambda both: any(both[0])))
def test_it_is_the_ranking_measure_of_that_name(both) -> None:
    """scikit-learn's, ties included: what was is the relevance, what is now is the score."""
    then, now = both
    assert ndcg(named(then), named(now)) == pytest.approx(ndcg_score([then], [now]), abs=1e-9)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=12, unique=True), st.floats(0.01, 100))
def test_the_same_order_is_no_drift(values, factor) -> None:
    """Whatever the sizes."""
    assert ndcg(named(values), named(np.sqrt(values) * factor)) == pytest.approx(1)


def test_what_mattered_counts_more() -> None:
    """The first two swapped, against the last two."""
    first = ndcg(THEN, {"a": 0.5, "b": 0.7, "c": 0.05, "d": 0.0})
    last = ndcg(THEN, {"a": 0.7, "b": 0.5, "c": 0.0, "d": 0.05})
    assert first < last < 1


def test_the_same_order_has_not_moved() -> None:
    """Whatever the attributions are; nothing is worth naming, and each feature has its place on either side."""
    found = attribution_drift(THEN, {"a": 0.9, "b": 0.3, "c": 0.2, "d": 0.1})
    assert found is not None
    assert (found.ndcg, found.moved, found.threshold, found.most_moved) == (1.0, False, 0.9, ())
    assert {name: (each.baseline_place, each.place) for name, each in found.features.items()} == {
        "a": (1, 1), "b": (2, 2), "c": (3, 3), "d": (4, 4)
    }  # fmt: skip
    assert (found.features["b"].baseline, found.features["b"].current) == (0.5, 0.3)


def test_another_order_has_and_names_what_moved_most() -> None:
    """The first and the last have changed places: far down, others have as well, and matter little."""
    many = {f"f{place}": 0.0001 * place for place in range(9)}
    found = attribution_drift(
        {"a": 0.7, "z": 0.1, **many}, {"a": 0.0, "z": 0.9, **dict(zip(many, reversed(many.values()), strict=True))}
    )
    assert found is not None
    assert found.moved
    assert found.ndcg < 0.9
    assert found.most_moved == ("a", "z")


def test_what_is_new_since_the_baseline_is_left_out() -> None:
    """A feature that the version did not have cannot have moved."""
    found = attribution_drift(THEN, {"a": 0.7, "b": 0.5, "e": 0.9})
    assert found is not None
    assert set(found.features) == {"a", "b"}


@pytest.mark.parametrize(("then", "now"), [({}, THEN), (THEN, {}), (dict.fromkeys(THEN, 0.0), THEN)])
def test_without_attributions_there_is_nothing_to_tell(then, now) -> None:
    """None of the baseline or of today, or a model whose scores go by nothing."""
    assert attribution_drift(then, now) is None


def test_names_do_not_decide_between_equals() -> None:
    """All attributions are equal now: no order, whatever the features are called."""
    now = dict.fromkeys(THEN, 0.2)
    other = dict(zip(reversed(THEN), THEN.values(), strict=True))
    assert ndcg(THEN, now) == pytest.approx(ndcg(other, now))


def test_below_nought_is_nought() -> None:
    """A permuted column of noise may make a model better by chance."""
    assert ndcg({"a": 0.7, "b": -0.01, "c": 0.0}, {"a": 0.7, "b": 0.0, "c": -0.02}) == 1
    assert ndcg({"a": 0.7, "b": 0.0}, {"a": -0.1, "b": -0.2}) == ndcg({"a": 0.7, "b": 0.0}, {"a": 0.0, "b": 0.0})


@pytest.mark.parametrize(
    ("then", "now", "message"),
    [
        ({}, {}, "at least one feature"),
        (THEN, {"a": 0.1, "e": 0.2}, r"none of \['b', 'c', 'd'\] and others of \['e'\]"),
        (THEN, THEN | {"a": math.nan}, "current: expected a finite attribution of a, got nan"),
        (THEN | {"b": math.inf}, THEN, "baseline: expected a finite attribution of b, got inf"),
        (dict.fromkeys(THEN, 0.0), THEN, "some feature has an attribution above 0"),
        ({"a": -1.0}, {"a": 1.0}, "some feature has an attribution above 0"),
    ],
)
def test_attributions_that_cannot_be_compared_are_refused(then, now, message: str) -> None:
    """With the side and the feature."""
    with pytest.raises(ReportError, match=message):
        ndcg(then, now)
