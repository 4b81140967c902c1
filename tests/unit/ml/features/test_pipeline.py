"""A spec becomes a pipeline that takes a part of the split, whatever levels and blanks it holds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from include.ml.features.pipeline import build_pipeline, features_frame, labels
from include.specs.dataset import Column
from include.specs.errors import SpecError
from include.specs.model import ModelSpec

TREES = "sklearn.ensemble.HistGradientBoostingClassifier"


def part(rows: int = 60) -> pa.Table:
    numbers = np.arange(rows)
    return pa.table(
        {
            "size": numbers % 7 * 10.0,
            "weight": pa.array([None if n % 5 == 0 else float(n) for n in numbers]),
            "colour": pa.array([("red", "green", "blue")[n % 3] for n in numbers]),
            "city": pa.array([("Oslo", "Rome", "Lima")[n % 3] if n % 20 else "Ulm" for n in numbers]),
            "left": pa.array(["yes" if n % 7 > 3 else "no" for n in numbers]),
        }
    )


def with_features(model: ModelSpec, **features: str) -> ModelSpec:
    return replace(model, features=features)


def test_a_frame_has_the_features_in_the_order_of_the_spec(toy: ModelSpec) -> None:
    """Numbers as float64 with NaN, levels as categories; label and other columns are left out."""
    frame = features_frame(part().select(["left", "city", "weight", "size", "colour"]), toy)
    assert frame.dtypes.astype(str).to_dict() == {
        "size": "float64",
        "weight": "float64",
        "colour": "category",
        "city": "category",
    }
    assert np.isnan(frame["weight"][0])


def test_categories_may_come_encoded_already(toy: ModelSpec) -> None:
    """As preprocessing leaves them."""
    plain = part()
    coded = plain.set_column(2, "colour", plain["colour"].dictionary_encode())
    assert features_frame(plain, toy).equals(features_frame(coded, toy))


def test_labels_are_one_where_positive(toy: ModelSpec) -> None:
    """Whatever the levels are called."""
    assert labels(pa.table({"left": ["yes", "no", "yes"]}), toy).tolist() == [1, 0, 1]


@pytest.mark.parametrize("categorical", ["one_hot", "ordinal", "target_encode"])
@pytest.mark.parametrize("numeric", ["standardise", "log_standardise"])
def test_every_transform_gives_numbers_that_an_estimator_takes(toy: ModelSpec, numeric: str, categorical: str) -> None:
    """Finite ones, also for levels and blanks that fitting never saw."""
    model = with_features(toy, size=numeric, colour=categorical, city=categorical)
    pipeline = build_pipeline(model).fit(features_frame(part(), model), labels(part(), model))
    strange = pa.table(
        {
            "size": [5.0, 1e9],
            "weight": pa.array([None, 1.0]),
            "colour": pa.array(["violet", None]),
            "city": pa.array(["Atlantis", None]),
        }
    )
    frame = features_frame(strange, model)
    assert np.isfinite(pipeline[:-1].transform(frame)).all()
    assert np.isfinite(pipeline.predict_proba(frame)).all()


def test_the_pipelines_shape_is_the_specs_where_levels_are_closed(toy: ModelSpec) -> None:
    """A sample without a level gives the same columns as one with it."""
    model = with_features(toy, city="ordinal")
    red = part().filter(pa.array([n % 3 == 0 for n in range(60)]))
    shapes = [
        build_pipeline(model)[:-1].fit_transform(features_frame(rows, model), labels(rows, model)).shape[1]
        for rows in (part(), red)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("transform", ["one_hot", "ordinal"])
def test_a_closed_set_keeps_its_levels_beside_an_open_one(toy: ModelSpec, transform: str) -> None:
    """Each has an encoder of its own, so that the spec's levels are known which the sample does not hold."""
    model = with_features(toy, colour=transform, city=transform)
    red, blue = (part().filter(pa.array([n % 3 == place for n in range(60)])) for place in (0, 2))
    fitted = build_pipeline(model)[:-1].fit(features_frame(red, model), labels(red, model))
    colours = [n.startswith(f"{transform}__colour") for n in fitted.get_feature_names_out()]
    found = fitted.transform(features_frame(blue, model))[0, colours].tolist()
    assert found == {"one_hot": [0, 0, 1], "ordinal": [2]}[transform]


def test_blank_numbers_become_the_median_and_are_marked(toy: ModelSpec) -> None:
    """A blank may be news in itself."""
    model = with_features(toy, city="ordinal", colour="ordinal")
    transformed = build_pipeline(model)[:-1].fit_transform(features_frame(part(), model), labels(part(), model))
    blanks = np.arange(60) % 5 == 0
    size, weight, marked = transformed[:, -3:].T
    assert len(set(size)) == 7
    assert len(set(weight[blanks])) == 1
    assert np.median(weight[~blanks]) == pytest.approx(weight[0])
    assert (marked > 0).tolist() == blanks.tolist()


def test_rare_levels_of_an_open_set_share_a_column(toy: ModelSpec) -> None:
    """And an unknown level falls among them: Ulm has three rows, fewer than it takes."""
    model = with_features(toy, colour="ordinal")
    fitted = build_pipeline(model)[:-1].fit(features_frame(part(), model), labels(part(), model))
    rows = part(3).set_column(3, "city", pa.array(["Ulm", "Atlantis", "Oslo"]))
    frame = features_frame(rows.set_column(0, "size", pa.array([1.0] * 3)), model)
    cities = fitted.transform(frame)[:, [n.startswith("one_hot") for n in fitted.get_feature_names_out()]]
    assert (cities[0] == cities[1]).all()
    assert (cities[0] != cities[2]).any()


def test_trees_take_blanks_as_they_are(toy: ModelSpec) -> None:
    """An estimator that does not is refused, with the transforms that would do."""
    trees = replace(toy, estimator=replace(toy.estimator, path=TREES, hyperparameters={}), features={"weight": "as_is"})
    assert np.isnan(
        build_pipeline(trees)[:-1].fit_transform(features_frame(part(), trees), labels(part(), trees))
    ).any()
    with pytest.raises(SpecError, match=r"features\.weight must be standardise or log_standardise"):
        build_pipeline(with_features(toy, weight="as_is"))


def test_a_time_of_day_is_a_place_on_the_clock(toy: ModelSpec) -> None:
    """23:59 and 00:01 are neighbours, noon and midnight opposites; the day does not matter."""
    clock = replace(toy.dataset, columns=(*toy.dataset.columns, Column(name="at", kind="timestamp")))
    model = replace(toy, dataset=clock)
    moments = pa.array([0, 43_200, 86_400 * 3 - 60], pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))
    rows = part(3).append_column("at", moments)
    angles = features_frame(rows, model)["at"]
    assert angles.tolist() == pytest.approx([0, np.pi, 2 * np.pi * (1 - 60 / 86_400)])
    build: Callable[..., object] = build_pipeline(model)[:-1].fit_transform
    columns = np.asarray(build(features_frame(rows, model), labels(rows, model)))[:, -2:]
    assert np.linalg.norm(columns[0] - columns[2]) < 0.01
    assert np.linalg.norm(columns[0] - columns[1]) == pytest.approx(2)
