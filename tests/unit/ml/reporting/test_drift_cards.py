"""What a card says of a feature."""

import dataclasses

import numpy as np
import pytest

from include.ml.reporting import drift_cards
from include.specs.drift import Effect, FeatureDrift, Shape
from tests.unit.ml.reporting.drift_days import numeric


def feature(name: str = "tenure", *, value: float = 0.01, drifted: bool = False) -> FeatureDrift:
    """A feature with an effect of `value` where 0.05 matters."""
    some = numeric(name, np.arange(100.0), np.arange(100.0))
    return dataclasses.replace(
        some, effect=Effect(measure="total_variation", value=value, threshold=0.05), drifted=drifted
    )


@pytest.mark.parametrize(
    ("value", "drifted", "state"),
    [(0.2, True, "breached"), (0.01, True, "breached"), (0.2, False, "chance"), (0.05, False, "quiet")],
)
def test_the_state_is_the_reports_and_not_the_pages(value, drifted, state):
    """A breach is what the report calls one; a large effect that it does not call so may be chance."""
    assert drift_cards.card(feature(value=value, drifted=drifted)).state == state


@pytest.mark.parametrize(
    ("value", "meter", "heat"), [(0.0, 0, "h0"), (0.05, 25, "h1"), (0.1, 50, "h2"), (9.0, 100, "h4")]
)
def test_the_meter_has_its_limit_at_a_quarter(value, meter, heat):
    """Of every feature at the same place, and it never grows out of its card."""
    found = drift_cards.card(feature(value=value))
    assert (found.meter, found.heat) == (meter, heat)


def test_where_everything_matters_anything_is_the_most():
    """A threshold of zero divides nothing."""
    assert drift_cards.relative(Effect(measure="psi", value=0.1, threshold=0.0)) == float("inf")
    assert drift_cards.relative(Effect(measure="psi", value=0.0, threshold=0.0)) == 0
    assert drift_cards.card(feature(value=0.1)).meter <= 100


def test_a_classifier_that_cannot_tell_has_no_effect():
    """An ROC-AUC of a half is zero, and one below it too."""
    assert drift_cards.relative(Effect(measure="roc_auc", value=0.5, threshold=0.6)) == 0
    assert drift_cards.relative(Effect(measure="roc_auc", value=0.45, threshold=0.6)) == 0


def test_equal_effects_are_ordered_by_name():
    """The order does not depend on the order in the report."""
    cards = drift_cards.by_effect([feature("b"), feature("c", value=0.2), feature("a"), feature("d", drifted=True)])
    assert [c.feature.name for c in cards] == ["d", "c", "a", "b"]


def test_what_is_drawn_depends_on_the_shape():
    """Bins, levels, or nothing: a feature of text has no picture."""
    bins = drift_cards.card(feature())
    levels = drift_cards.card(
        dataclasses.replace(feature(), shape=Shape(levels=("a",), baseline=(1.0,), current=(1.0,)))
    )
    text = drift_cards.card(dataclasses.replace(feature(), kind="text", shape=Shape()))
    assert bins.histogram is not None
    assert bins.levels is None
    assert levels.histogram is None
    assert levels.levels is not None
    assert text.histogram is None
    assert text.levels is None


def test_ranking_does_not_depend_on_the_order_of_a_mapping():
    """The largest first, then by name."""
    assert drift_cards.ranked({"b": 1, "c": 2, "a": 1}) == [("c", 2), ("a", 1), ("b", 1)]
