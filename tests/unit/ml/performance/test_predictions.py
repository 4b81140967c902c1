"""Which predictions a label can find."""

import datetime as dt

import pyarrow as pa

from include.ml.performance.labels import Labels, read_labels
from include.ml.performance.predictions import answered, labelled, never_asked
from include.specs.model import ModelSpec
from tests.unit.ml.performance.served_days import NOON, captured, put_labels

DAY = NOON.date()


def labels(toy: ModelSpec, tmp_path, said: dict[str, str]) -> Labels:
    """Of these ids."""
    file = put_labels(tmp_path / "labels.parquet", [(key, label, NOON) for key, label in said.items()])
    return read_labels([file], toy.dataset, NOON + dt.timedelta(days=1))


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
    found = answered(table, toy.dataset, DAY, version=None)
    assert (found.ids.to_pylist(), found.scores.tolist()) == (["y", "x"], [0.2, 0.3])
    assert found.rows["size"].to_pylist() == [2, 3]
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
    assert never_asked(days, known) == 1
    assert never_asked([], known) == 4


def test_a_day_without_traffic(toy: ModelSpec, tmp_path) -> None:
    """Has no rows, and no label finds one."""
    found = answered(captured(toy.dataset, [], []), toy.dataset, DAY, version=3)
    known = labels(toy, tmp_path, {"a": "yes"})
    assert len(labelled(found, known).known) == 0
    assert never_asked([found], known) == 1


def test_no_label_of_any_row(toy: ModelSpec, tmp_path) -> None:
    """Labels have not come yet."""
    day = answered(captured(toy.dataset, ["a"], [0.5]), toy.dataset, DAY, version=3)
    none = Labels(ids=pa.array([], pa.string()), positive=labels(toy, tmp_path, {}).positive, report=None)  # type: ignore[arg-type]
    found = labelled(day, none)
    assert (found.known.tolist(), found.positive.tolist()) == ([False], [])
