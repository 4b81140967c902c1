"""A metric knows which way is better: a threshold means the same wherever it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.specs.errors import SpecError
from include.specs.metrics import METRICS, metric

ERRORS = {"log_loss", "brier"}
numbers = st.floats(0, 1)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_found_under_its_name(name: str) -> None:
    """And has a title for people, and a range."""
    found = metric(name, field="gate.thresholds")
    assert (found.name, found.title.strip() != "") == (name, True)
    assert found.high is None or found.low < found.high


def test_losses_are_better_when_small_and_all_else_when_large() -> None:
    """The one fact that would turn a gate round."""
    assert {name for name, found in METRICS.items() if not found.higher_is_better} == ERRORS


def test_only_the_log_loss_has_no_upper_end() -> None:
    """A threshold on it may be any number from 0."""
    assert [name for name, found in METRICS.items() if found.high is None] == ["log_loss"]


@given(numbers, numbers)
@pytest.mark.parametrize("name", METRICS)
def test_a_threshold_is_met_as_its_comparison_says(name: str, observed: float, required: float) -> None:
    """What is written in the report's table is what was decided."""
    found = METRICS[name]
    decided = {">=": observed >= required, "<=": observed <= required}[found.comparison]
    assert found.meets(observed, required) == decided


@pytest.mark.parametrize("name", METRICS)
def test_a_threshold_is_met_by_itself(name: str) -> None:
    """The required value is good enough, whichever way is better."""
    assert METRICS[name].meets(0.3, 0.3)


def test_an_unknown_metric_is_refused_with_those_there_are() -> None:
    """The message names the field that it was written in."""
    with pytest.raises(SpecError, match=r"gate\.primary_metric must be one of \['accuracy', .*, got 'auc'"):
        metric("auc", field="gate.primary_metric")
