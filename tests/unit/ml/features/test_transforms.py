"""Each transform does to a column what its name says in scikit-learn, and to a level never seen what the spec needs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.ml.features import transforms
from include.ml.features.pipeline import features_frame
from include.ml.features.transforms import FREQUENT, MOST_COLUMNS, UNKNOWN_LEVEL, build
from include.specs.dataset import Column, Synthetic
from include.specs.model import KIND_TRANSFORMS, ModelSpec, Transform

SIZE = Column(name="size", kind="numeric", minimum=0)
WEIGHT = Column(name="weight", kind="numeric", missing=True)
COLOUR = Column(name="colour", kind="categorical", levels=("red", "green", "blue"))
CITY = Column(name="city", kind="categorical")
TIME = Column(name="at", kind="timestamp")

IDENTITY = (
    Column(name="key", kind="id", role="id"),
    Column(name="left", kind="categorical", role="label", levels=("no", "yes")),
)
RECIPE = Synthetic(rows=10, base_rate=0.5)
FITTED = ["dark", "light", None]


def frame(column: Column, *cells: object) -> pd.DataFrame:
    return pd.DataFrame({column.name: list(cells)})


def test_every_transform_of_a_spec_has_a_builder() -> None:
    """And there is none that a spec cannot name."""
    named = {transform for known in KIND_TRANSFORMS.values() for transform in known}
    assert set(transforms._BUILDERS) == named


def test_standardising_gives_mean_zero_and_deviation_one() -> None:
    """Of the rows that were fitted, not of those that are seen later."""
    fitted = build("standardise", [SIZE], 0).fit(frame(SIZE, 0.0, 10.0, 20.0))
    np.testing.assert_allclose(fitted.transform(frame(SIZE, 10.0, 40.0))[:, 0], [0, 30 / np.std([0, 10, 20])])


def test_a_blank_number_becomes_the_fitted_median_and_is_marked() -> None:
    """Only where the column may be blank: a complete one gets no second column."""
    fitted = build("standardise", [WEIGHT], 0).fit(frame(WEIGHT, 1.0, 2.0, 9.0, np.nan))
    blank, median = fitted.transform(frame(WEIGHT, np.nan, 2.0))
    assert blank[0] == median[0]
    assert blank[1] > median[1]
    assert build("standardise", [SIZE], 0).fit_transform(frame(SIZE, 1.0, 2.0)).shape == (2, 1)


def test_the_logarithm_comes_before_standardising() -> None:
    """Of one plus the number, so that nothing is allowed to be bought for nothing."""
    found = build("log_standardise", [SIZE], 0).fit_transform(frame(SIZE, 0.0, np.e - 1, np.e**2 - 1))
    np.testing.assert_allclose(found[:, 0], np.array([-1, 0, 1]) / np.std([0, 1, 2]))


def test_as_it_is_means_untouched() -> None:
    """Scikit-learn's own word, so that no step is served that does nothing."""
    assert build("as_is", [SIZE], 0) == "passthrough"


def test_one_hot_has_the_specs_levels_whatever_was_met() -> None:
    """In the spec's order; an unknown level is none of them."""
    fitted = build("one_hot", [COLOUR], 0).fit(frame(COLOUR, "blue", "blue"))
    found = fitted.transform(frame(COLOUR, "red", "blue", "violet"))
    assert found.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("transform", "levels", "expected"),
    [
        pytest.param("one_hot", ("dark", "light"), [[0, 1, 0], [0, 0, 1]], id="one-hot: a column, the last"),
        pytest.param("ordinal", ("dark", "light"), [[1], [UNKNOWN_LEVEL]], id="ordinal of a closed set"),
        pytest.param("ordinal", None, [[1], [UNKNOWN_LEVEL]], id="ordinal of an open set"),
    ],
)
def test_a_blank_is_a_fact_where_the_spec_allows_it(
    toy: ModelSpec, transform: Transform, levels: tuple[str, ...] | None, expected: list[list[int]]
) -> None:
    """As a part of the split brings it, among the fitted rows and after: never a NaN that an estimator refuses."""
    shade = Column(name="shade", kind="categorical", levels=levels, missing=True)
    model = replace(toy, features={}, dataset=replace(toy.dataset, columns=(shade, *IDENTITY), synthetic=RECIPE))
    fitted, seen = (features_frame(pa.table({"shade": cells}), model) for cells in (FITTED, ["light", None]))
    assert build(transform, [shade], 0).fit(fitted).transform(seen).tolist() == expected


def test_an_open_set_gives_its_rare_levels_one_column() -> None:
    """As frequent as it takes is not rare; a level never seen counts as rare."""
    met = ["Oslo"] * FREQUENT + ["Rome"] * (FREQUENT - 1) + ["Ulm"]
    found = build("one_hot", [CITY], 0).fit(frame(CITY, *met)).transform(frame(CITY, "Oslo", "Rome", "Ulm", "Lima"))
    assert found.tolist() == [[1, 0], [0, 1], [0, 1], [0, 1]]


def test_an_open_set_has_so_many_columns_and_no_more() -> None:
    """The most frequent levels keep their own: an id that was taken for a category must not fill the memory."""
    own = MOST_COLUMNS - 1
    cities = [f"city {n:03}" for n in range(50 + own)]
    met = [*cities * FREQUENT, *cities[50:]]
    found = build("one_hot", [CITY], 0).fit(frame(CITY, *met)).transform(frame(CITY, *cities, "Lima"))
    assert (found[50:-1] == np.eye(own, MOST_COLUMNS)).all()
    assert (found[[*range(50), -1]] == np.eye(1, MOST_COLUMNS, own)).all()


@pytest.mark.parametrize(("column", "known"), [(COLOUR, [0, 2]), (CITY, [1, 0])])
def test_ordinal_numbers_levels_and_sets_the_unknown_apart(column: Column, known: list[int]) -> None:
    """A closed set in the spec's order, an open one in the alphabet's."""
    fitted = build("ordinal", [column], 0).fit(frame(column, "red", "blue"))
    found = fitted.transform(frame(column, "red", "blue", "violet"))[:, 0].tolist()
    assert found == [*known, UNKNOWN_LEVEL]


def test_target_encoding_orders_levels_by_their_share_of_positives() -> None:
    """A level never seen lies at the mean of the target."""
    cells = ["bad"] * 20 + ["good"] * 20
    target = np.array([1] * 18 + [0] * 2 + [0] * 18 + [1] * 2)
    fitted = build("target_encode", [CITY], 0).fit(frame(CITY, *cells), target)
    bad, new, good = fitted.transform(frame(CITY, "bad", "new", "good"))[:, 0]
    assert bad > new > good
    assert new == pytest.approx((bad + good) / 2)


def test_target_encoding_while_fitting_does_not_see_the_rows_own_label() -> None:
    """Levels of two rows that say nothing: encoded with their own labels, they would seem to. Folds are the seed's."""
    cells = [f"city {n // 2}" for n in range(400)]
    target = np.random.default_rng(0).integers(0, 2, len(cells))
    encoder = build("target_encode", [CITY], 0)
    first, again, other = (
        build("target_encode", [CITY], seed).fit_transform(frame(CITY, *cells), target)[:, 0] for seed in (0, 0, 1)
    )
    seen = encoder.fit(frame(CITY, *cells), target).transform(frame(CITY, *cells))[:, 0]
    assert np.corrcoef(seen, target)[0, 1] > 0.5
    assert np.corrcoef(first, target)[0, 1] < 0.2
    assert (first == again).all()
    assert (first != other).any()


def test_a_time_of_day_is_sine_and_cosine_of_its_angle() -> None:
    """Midnight lies beside the minute before it."""
    found = build("time_of_day", [TIME], 0).fit_transform(frame(TIME, 0.0, np.pi / 2, np.pi))
    np.testing.assert_allclose(found, [[0, 1], [1, 0], [0, -1]], atol=1e-12)
