"""How groups are told."""

from include.ml.evaluation import fairness
from include.ml.reporting.groups import OF_CALLS, TITLES, by_name


def test_every_measure_has_its_name() -> None:
    """In the order in which they are measured; those without labels are the engine's."""
    assert tuple(TITLES) == tuple(fairness.MEASURES)
    assert tuple(OF_CALLS) == fairness.OF_CALLS


def test_json_does_not_change_the_order() -> None:
    """Which sorts the keys."""
    assert by_name({"gender=Male": 1, "gender=Female": 2}) == [("gender=Female", 2), ("gender=Male", 1)]
