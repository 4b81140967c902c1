"""Outputs: what the model said of each row of a request, as the probability of the positive class and the class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.ml.capture.bodies import Body, cell, csv_rows, json_values
from include.ml.capture.faults import BodyError
from include.ml.capture.layout import Cell
from include.specs.dataset import Dataset

# Names that serving code gives to what it says of a row; SageMaker's linear learner: score and predicted_label.
SCORES = ("score", "probability")
PROBABILITIES = ("probabilities", "scores")
CLASSES = ("predicted_label", "label", "class", "prediction")
# Probabilities of both classes are told from a class and a probability by their sum, for levels such as 0 and 1.
ROUNDING = 1e-6
PAIR = 2
_EXPECTED = "a probability, [p0, p1], or a class with a probability"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of one row: its score, its class, or both."""

    score: float | None = None
    called: str | None = None


def read(body: Body, rows: int, dataset: Dataset) -> Sequence[Answer | BodyError]:
    """The answers in `body` to a request of `rows` rows, in their order; in place of one that is none, why not.

    Raises:
        BodyError: the body is not what its form says, or has another number of answers.
    """
    items = _csv_items(body.text, rows) if body.form == "csv" else _json_items(json_values(body.text), rows)
    if len(items) != rows:
        raise BodyError("counts_differ", f"{rows} answers, one a row of the input", f"{len(items)}: {body.text}")
    return [answer(item, dataset) for item in items]


def answer(item: Any, dataset: Dataset) -> Answer | BodyError:
    """What one item of an output says: a number, [p0, p1], a class with a probability, or an object of these.

    >>> from include.specs.catalog.churn import MODEL
    >>> answer(["0.25", "0.75"], MODEL.dataset), answer({"score": 0.6, "predicted_label": "Yes"}, MODEL.dataset)
    (Answer(score=0.75, called=None), Answer(score=0.6, called='Yes'))
    """
    try:
        if isinstance(item, dict):
            return _object(item, dataset)
        if isinstance(item, list) and len(item) == PAIR:
            return _pair(cell(item[0]), cell(item[1]), dataset)
        only = item[0] if isinstance(item, list) and len(item) == 1 else item
        return _single(cell(only), dataset)
    except BodyError as error:
        return BodyError("wrong_output", error.expected if error.reason == "wrong_output" else _EXPECTED, item)


def _csv_items(text: str, rows: int) -> Sequence[Any]:
    lines = csv_rows(text)
    # XGBoost's container answers a request of many rows with one line.
    return lines[0] if len(lines) == 1 and len(lines[0]) == rows else lines


def _json_items(value: Any, rows: int) -> Sequence[Any]:
    if isinstance(value, dict):
        return _of_object(value, rows)
    if not isinstance(value, list):
        return [value]
    if rows == 1 and len(value) > 1 and not any(isinstance(item, list | dict) for item in value):
        return [value]
    return value


def _of_object(value: Mapping[str, Any], rows: int) -> Sequence[Any]:
    """The items of an object with a list of them, of one with lists side by side, or the object as the only item."""
    predictions = value.get("predictions")
    beside = next((value[name] for name in PROBABILITIES if isinstance(value.get(name), list)), None)
    if predictions is None:
        return [value] if beside is None or rows == 1 else beside
    if beside is None or not isinstance(predictions, list) or len(beside) != len(predictions):
        return _json_items(predictions, rows)
    return [{"class": item, "probabilities": found} for item, found in zip(predictions, beside, strict=True)]


def _object(item: Mapping[str, Any], dataset: Dataset) -> Answer:
    score = next((item[name] for name in (*SCORES, *PROBABILITIES) if item.get(name) is not None), None)
    called = next((item[name] for name in CLASSES if item.get(name) is not None), None)
    if isinstance(score, list):
        # Of the positive class: the only one, or after that of the negative.
        score = score[-1] if len(score) <= PAIR and score else None
    if score is None:
        return _single(cell(called), dataset)
    level = None if called is None else _level(cell(called), dataset)
    if called is not None and level is None:
        raise BodyError("wrong_output", f"a class of {dataset.label.levels}", called)
    return Answer(score=_probability(cell(score)), called=level)


def _pair(first: Cell, second: Cell, dataset: Dataset) -> Answer:
    p0, p1 = _number(first), _number(second)
    if p0 is not None and p1 is not None and abs(p0 + p1 - 1) <= ROUNDING:
        return Answer(score=_probability(second))
    if level := _level(first, dataset):
        return Answer(score=_probability(second), called=level)
    if level := _level(second, dataset):
        return Answer(score=_probability(first), called=level)
    raise BodyError("wrong_output", _EXPECTED, f"{first}, {second}")


def _single(text: Cell, dataset: Dataset) -> Answer:
    if _number(text) is not None:
        return Answer(score=_probability(text))
    if level := _level(text, dataset):
        return Answer(called=level)
    raise BodyError("wrong_output", _EXPECTED, text)


def _level(text: Cell, dataset: Dataset) -> str | None:
    found = (text or "").strip()
    return next((level for level in dataset.label.levels or () if found in (level, f"{level}.0")), None)


def _probability(text: Cell) -> float:
    number = _number(text)
    if number is None or not 0 <= number <= 1:
        raise BodyError("wrong_output", "a probability within [0, 1]", text)
    return number


def _number(text: Cell) -> float | None:
    try:
        # Python reads 1_0 as a number; no model says that.
        return None if text is None or "_" in text else float(text)
    except ValueError:
        return None
