"""The rules of drift and of quality refuse what cannot be meant."""

import datetime as dt
from typing import Any

import pytest

from include.specs.errors import SpecError
from include.specs.monitoring import DriftRule, Monitoring, PerformanceRule


@pytest.mark.parametrize(
    "field",
    [
        {"effect": 1.5},
        {"missing_points": -0.1},
        {"new_level_share": 2.0},
        {"odds": 0.5},
        {"separability": 0.4},
        {"false_discovery_rate": 0.0},
        {"minimum_rows": 1},
        {"breaches": 4},
        {"breaches": 0},
    ],
    ids=str,
)
def test_impossible_rules_are_refused(field: dict[str, float]) -> None:
    """Under the name of their field."""
    with pytest.raises(SpecError, match=f"drift.{next(iter(field))} must be"):
        DriftRule(**field)


@pytest.mark.parametrize(
    "field",
    [
        {"metric": "gini"},
        {"fall": -0.01},
        {"false_alarm_rate": 0.5},
        {"false_alarm_rate": 0.0},
        {"minimum_rows": 1},
        {"minimum_share": 1.1},
        {"breaches": 4},
        {"breaches": 0},
        {"history_days": 2},
    ],
    ids=str,
)
def test_impossible_rules_of_quality_are_refused(field: dict[str, Any]) -> None:
    """Under the name of their field."""
    with pytest.raises(SpecError, match=f"performance.{next(iter(field))} must be"):
        PerformanceRule(**field)


@pytest.mark.parametrize("field", [{"source": "kafka"}, {"input_columns": ("a", "a")}], ids=str)
def test_impossible_traffic_is_refused(field: dict[str, Any]) -> None:
    """Under the name of its field."""
    with pytest.raises(SpecError, match=f"monitoring.{next(iter(field))} must"):
        Monitoring(**field)


@pytest.mark.parametrize("name", ["schedule", "performance_schedule"])
def test_a_schedule_that_cannot_be_read_is_refused(name: str) -> None:
    """As those of the other flows are."""
    with pytest.raises(SpecError, match=rf"^monitoring\.{name} must be five-field cron, the minute of 0 to 59"):
        Monitoring(**{name: "75 6 * * *"})


@pytest.mark.parametrize("name", ["schedule", "performance_schedule"])
@pytest.mark.parametrize("expression", ["0 6 * * 1", "0 6 * * 1-5", "0 * * * *"])
def test_a_watch_is_kept_every_day(name: str, expression: str) -> None:
    """Its runs are of one day each: of a week, six days would have no verdict."""
    with pytest.raises(SpecError, match=rf"^monitoring\.{name} must be cron of every day, .*got '0"):
        Monitoring(**{name: expression})


def test_a_model_is_watched_by_both_rules() -> None:
    """A fall of the gate's own metric, unless another is named."""
    assert Monitoring().performance.metric is None
    assert PerformanceRule(metric="recall").metric == "recall"


@pytest.mark.parametrize(
    "field",
    [
        {"schedule": "0 6 * *"},
        {"performance_schedule": "daily"},
        {"variants": ()},
        {"unreadable": 1.1},
        {"late_h": 25},
        {"late_h": -1},
        {"wait_h": -0.5},
        {"cool_down_days": -1},
        {"history_days": 2},
    ],
    ids=str,
)
def test_impossible_watches_are_refused(field: dict[str, Any]) -> None:
    """Under the name of their field."""
    with pytest.raises(SpecError, match=f"monitoring.{next(iter(field))} must"):
        Monitoring(**field)


@pytest.mark.parametrize(
    ("field", "moment"),
    [({}, "02T03"), ({"late_h": 0}, "02T00"), ({"late_h": 24}, "03T00"), ({"source": "predictions"}, "02T00")],
    ids=str,
)
def test_a_day_is_whole_when_its_late_files_are_there(field: dict[str, Any], moment: str) -> None:
    """An endpoint's; a batch's are there at its end."""
    assert Monitoring(**field).whole_from(dt.date(2026, 3, 1)).isoformat() == f"2026-03-{moment}:00:00+00:00"


def test_a_rule_must_be_able_to_speak() -> None:
    """A verdict that takes more days than are looked back on would never come; as many are enough."""
    with pytest.raises(SpecError, match=r"monitoring.history_days must be at least drift.of_days \(31\), got 30"):
        Monitoring(drift=DriftRule(of_days=31))
    with pytest.raises(SpecError, match=r"performance.history_days must be at least of_days \(46\), got 45"):
        PerformanceRule(of_days=46)
    assert Monitoring(drift=DriftRule(of_days=31), history_days=31).history_days == 31
    assert PerformanceRule(of_days=46, history_days=46).history_days == 46
