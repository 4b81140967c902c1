"""Which predictions a label can find."""

import dataclasses
import datetime as dt

import pytest

from include.ml.performance.labels import Labels, read_labels
from include.ml.performance.predictions import Answered, account, answered, labelled
from include.specs.model import ModelSpec
from tests.unit.ml.performance.served_days import NOON, captured, put_labels

DAY = NOON.date()
LATER = NOON + dt.timedelta(days=8)


def labels(toy: ModelSpec, tmp_path, said: dict[str, str], *, told: dt.datetime = LATER, delay_days: int = 0) -> Labels:
    """Of these ids, told at that moment."""
    file = put_labels(tmp_path / "labels.parquet", [(key, label, told) for key, label in said.items()])
    dataset = dataclasses.replace(toy.dataset, label_delay_days=delay_days)
    return read_labels([file], dataset, LATER + dt.timedelta(days=9))


def of_nobody(days: list[Answered], known: Labels) -> tuple[int, int]:
    """Labels of ids that were never asked about, and of ids that were asked about too late."""
    made = account(known)
    for day in days:
        made.add(labelled(day, known))
    report = made.added_to(known.report)
    return report.never_asked, report.too_early


def test_a_body_that_names_its_id_is_known_by_it(toy: ModelSpec) -> None:
    """Rather than by the request's inference id, which may be anything."""
    found = answered(captured(toy.dataset, ["i", "j"], [0.1, 0.2], key=["x", None]), toy.dataset, DAY, version=3)
    assert found.ids.to_pylist() == ["x", "j"]
    assert (found.date, found.version, found.unusable) == (DAY, 3, 0)


def test_an_inference_id_of_several_rows_is_of_none(toy: ModelSpec) -> None:
    """It does not say which of them it is about; rows that name their own id are known all the same."""
    events = {"event_id": ["e", "e", "f", "f"], "row": [0, 1, 0, 1], "key": [None, None, "x", None]}
    found = answered(captured(toy.dataset, ["i", "i", "j", "j"], [0.1] * 4, **events), toy.dataset, DAY, version=None)
    assert (found.ids.to_pylist(), found.unusable) == (["x"], 3)


def test_the_second_row_of_a_request_whose_first_was_lost_is_of_none(toy: ModelSpec) -> None:
    """There was another row, even where it could not be read."""
    table = captured(toy.dataset, ["i"], [0.1], row=[1])
    assert answered(table, toy.dataset, DAY, version=None).unusable == 1


def test_variants_that_answer_the_same_request_are_requests_of_one_row(toy: ModelSpec) -> None:
    """A shadow variant makes no second row of it; of the two answers one counts."""
    table = captured(toy.dataset, ["i", "i"], [0.1, 0.2], event_id=["e", "e"], variant=["a", "b"])
    found = answered(table, toy.dataset, DAY, version=None)
    assert (found.ids.to_pylist(), found.repeated, found.unusable) == (["i"], 1, 0)


def test_the_last_answer_of_a_day_counts(toy: ModelSpec) -> None:
    """Asked three times, once without a score; rows stay beside their scores."""
    table = captured(toy.dataset, ["x", "y", "x", "x"], [0.1, 0.2, 0.3, None], size=[1, 2, 3, 4])
    found = answered(table, toy.dataset, DAY, version=None, columns=("size",))
    assert (found.ids.to_pylist(), found.scores.tolist()) == (["y", "x"], [0.2, 0.3])
    assert found.columns.to_pydict() == {"size": [2, 3]}
    assert (found.repeated, found.unusable) == (1, 1)


def test_labels_find_their_rows(toy: ModelSpec, tmp_path) -> None:
    """In the day's order; those of nobody are counted."""
    days = [
        answered(captured(toy.dataset, ids, [0.5] * len(ids)), toy.dataset, DAY + dt.timedelta(days=place), version=3)
        for place, ids in enumerate((["c", "a", "b"], ["d", "a"]))
    ]
    known = labels(toy, tmp_path, {"a": "yes", "c": "no", "d": "yes", "stranger": "no"})
    found = labelled(days[0], known)
    assert (found.known.tolist(), found.positive.tolist()) == ([True, True, False], [False, True])
    assert of_nobody(days, known) == (1, 0)
    assert of_nobody([], known) == (4, 0)


@pytest.mark.parametrize(
    ("told", "delay_days", "is_its"),
    [
        (dt.timedelta(0), 0, True),
        (dt.timedelta(microseconds=-1), 0, False),
        (dt.timedelta(days=7), 7, True),
        (dt.timedelta(days=7, microseconds=-1), 7, False),
    ],
)
def test_a_label_that_was_told_before_is_another_predictions(
    toy: ModelSpec, tmp_path, told: dt.timedelta, delay_days: int, is_its: bool
) -> None:
    """At the moment itself, or just when the spec's delay is over, it is this one's."""
    day = answered(captured(toy.dataset, ["a"], [0.5], inference_time=[NOON]), toy.dataset, DAY, version=3)
    known = labels(toy, tmp_path, {"a": "yes"}, told=NOON + told, delay_days=delay_days)
    found = labelled(day, known)
    assert (found.known.tolist(), found.positive.tolist(), found.too_early) == ([is_its], [True] * is_its, not is_its)
    assert of_nobody([day], known) == (0, int(not is_its))


def test_an_id_that_is_asked_on_several_days_takes_what_was_told_after_each(toy: ModelSpec, tmp_path) -> None:
    """Between the two, only the first has its label; a newer one is that of both."""
    first, second = (
        answered(
            captured(toy.dataset, ["a"], [0.5], inference_time=[NOON + after]), toy.dataset, DAY + after, version=3
        )
        for after in (dt.timedelta(0), dt.timedelta(days=7))
    )
    between, after = (labels(toy, tmp_path, {"a": "yes"}, told=NOON + dt.timedelta(days=days)) for days in (3, 8))
    assert [labelled(day, between).known.tolist() for day in (first, second)] == [[True], [False]]
    assert [labelled(day, after).known.tolist() for day in (first, second)] == [[True], [True]]
    # The label was of use to somebody.
    assert of_nobody([first, second], between) == (0, 0)


def test_a_day_without_traffic(toy: ModelSpec, tmp_path) -> None:
    """Has no rows, and no label finds one."""
    found = answered(captured(toy.dataset, [], []), toy.dataset, DAY, version=3)
    known = labels(toy, tmp_path, {"a": "yes"})
    assert len(labelled(found, known).known) == 0
    assert of_nobody([found], known) == (1, 0)


def test_no_label_of_any_row(toy: ModelSpec, tmp_path) -> None:
    """Labels have not come yet."""
    day = answered(captured(toy.dataset, ["a"], [0.5]), toy.dataset, DAY, version=3)
    found = labelled(day, labels(toy, tmp_path, {}))
    assert (found.known.tolist(), found.positive.tolist()) == ([False], [])
