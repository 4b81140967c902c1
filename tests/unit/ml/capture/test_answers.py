"""What endpoints say: one number a row, or two, or objects; here, a score, a class, or both."""

import json
from dataclasses import replace

import pytest

from include.ml.capture.answers import Answer, answer, read
from include.ml.capture.bodies import Body
from include.ml.capture.faults import BodyError
from tests.shared.captured import DATASET

BITS = replace(
    DATASET,
    columns=(*DATASET.columns[:-1], replace(DATASET.columns[-1], levels=("0", "1"))),
    positive="1",
)


def said(text: object, rows: int, form: str = "json") -> list[Answer | BodyError]:
    body = Body(text=text if isinstance(text, str) else json.dumps(text), form=form)
    return [*read(body, rows, DATASET)]


SCORES = [Answer(score=0.25), Answer(score=0.75)]
BOTH = [Answer(score=0.25, called="no"), Answer(score=0.75, called="yes")]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("0.25\n0.75\n", "csv", SCORES),
        ("0.25,0.75", "csv", SCORES),
        ("0.75,0.25\n0.25,0.75", "csv", SCORES),
        ("no,0.25\nyes,0.75", "csv", BOTH),
        ("0.25,no\n0.75,yes", "csv", BOTH),
        ("no\nyes", "csv", [Answer(called="no"), Answer(called="yes")]),
        ([0.25, 0.75], "json", SCORES),
        ([[0.25], [0.75]], "json", SCORES),
        ([[0.75, 0.25], [0.25, 0.75]], "json", SCORES),
        ({"predictions": [0.25, 0.75]}, "json", SCORES),
        ({"predictions": [[0.75, 0.25], [0.25, 0.75]]}, "json", SCORES),
        ({"predictions": [{"score": 0.25}, {"score": 0.75}]}, "json", SCORES),
        ({"probabilities": [[0.75, 0.25], [0.25, 0.75]]}, "json", SCORES),
        ({"predictions": ["no", "yes"], "probabilities": [0.25, 0.75]}, "json", BOTH),
        ([{"probability": 0.25, "label": "no"}, {"probabilities": [0.25, 0.75], "class": "yes"}], "json", BOTH),
        ('{"score": 0.25}\n{"score": 0.75}\n', "json", SCORES),
    ],
)
def test_every_way_to_answer_two_rows(text: object, form: str, expected: list[Answer]) -> None:
    """Whatever the serving code is."""
    assert said(text, 2, form) == expected


@pytest.mark.parametrize(
    "text",
    [
        0.75,
        [0.75],
        [0.25, 0.75],
        [[0.25, 0.75]],
        {"score": 0.75},
        {"predictions": [0.75]},
        {"probabilities": [0.25, 0.75]},
    ],
)
def test_every_way_to_answer_one_row(text: object) -> None:
    """Two numbers to one row are the probabilities of both classes."""
    assert said(text, 1) == [Answer(score=0.75)]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (["0", "0.2"], Answer(score=0.2, called="0")),
        ([1.0, 0.7], Answer(score=0.7, called="1")),
        (["1.0", "0.7"], Answer(score=0.7, called="1")),
        (["0.7", "1"], Answer(score=0.7, called="1")),
        ([0.0, 1.0], Answer(score=1.0)),
        ([1, 0], Answer(score=0.0)),
        ({"score": 0.4, "predicted_label": 0.0}, Answer(score=0.4, called="0")),
        ("1", Answer(score=1.0)),
    ],
)
def test_levels_that_are_numbers_are_told_from_probabilities(item: object, expected: Answer) -> None:
    """Two probabilities add up to one. A class beside its probability does not, but where they contradict."""
    assert answer(item, BITS) == expected


@pytest.mark.parametrize(
    "item",
    [
        1.5,
        -0.1,
        "nan",
        "maybe",
        None,
        [0.5, 0.6],
        [0.1, 0.2, 0.7],
        {},
        {"score": "x"},
        {"score": 0.5, "class": "z"},
        {"score": {}},
    ],
)
def test_what_is_no_answer_is_at_fault(item: object) -> None:
    """And the fault shows what came."""
    found = answer(item, DATASET)
    assert isinstance(found, BodyError)
    assert (found.reason, found.found) == ("wrong_output", item)


@pytest.mark.parametrize(("text", "rows"), [([0.1, 0.2], 3), ([0.1], 2), (0.1, 2), ({"predictions": []}, 1)])
def test_an_answer_for_each_row(text: object, rows: int) -> None:
    """Which answer is whose nobody knows otherwise."""
    with pytest.raises(BodyError, match="counts_differ"):
        said(text, rows)
