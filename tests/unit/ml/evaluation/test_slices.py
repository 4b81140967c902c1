"""Groups of the hold-out."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from include.ml.evaluation.intervals import estimate
from include.ml.evaluation.slices import MISSING, SMALL_LEVELS, large_enough, slices
from include.specs import catalog
from include.specs.model import Slices
from include.specs.reports import SliceReport

CHURN = catalog.model("churn")
FRAUD = catalog.model("fraud")


def sliced(model, column, **changes):
    """`model`, its gate looking at the slices of `column`."""
    rule = Slices(columns=(column,), metric="roc_auc", floor=0.6, **changes)
    return dataclasses.replace(model, gate=dataclasses.replace(model.gate, slices=rule))


@pytest.mark.parametrize("coded", [False, True])
def test_a_slice_has_the_metrics_of_its_rows(scored, coded):
    """Each level's metrics are those of its rows alone, whether levels are stored as text or as codes."""
    predictions, _ = scored(600)
    gender = np.where(np.arange(600) % 3 == 0, "Male", "Female")
    column = pa.array(gender).dictionary_encode() if coded else pa.array(gender)
    found = slices(predictions, pa.table({"gender": column}), sliced(CHURN, "gender"))
    assert list(found) == ["gender=Female", "gender=Male"]
    men = predictions.subset(gender == "Male")
    assert found["gender=Male"].metrics["roc_auc"] == estimate("roc_auc", men)
    assert (found["gender=Male"].rows, found["gender=Male"].positives) == (200, men.positives)


def test_a_declared_level_without_rows_is_reported(scored):
    """A level that the spec knows and the hold-out lacks is there, with no rows and nothing measured."""
    predictions, _ = scored(100)
    found = slices(predictions, pa.table({"gender": ["Male"] * 100}), sliced(CHURN, "gender"))
    assert (found["gender=Female"].rows, found["gender=Female"].metrics) == (0, {})


def test_blank_cells_are_a_group(scored):
    """Rows without a value are a slice of their own."""
    predictions, _ = scored(100)
    rows = pa.table({"merchant": ["a", None] * 50})
    assert slices(predictions, rows, sliced(FRAUD, "merchant"))[f"merchant={MISSING}"].rows == 50


def test_rows_of_one_class_are_counted_and_not_measured(scored):
    """A slice without positives has no ROC-AUC, and says so by having no metrics."""
    predictions, _ = scored(100)
    levels = np.where(predictions.labels, "found", "spared")
    found = slices(predictions, pa.table({"merchant": levels}), sliced(FRAUD, "merchant"))
    assert found["merchant=found"].metrics == {}


def test_an_open_set_lists_few_of_its_small_levels(scored):
    """Of two hundred shops with ten rows each, the report names some; all that can be judged are named."""
    predictions, _ = scored(3000)
    shops = np.where(np.arange(3000) < 1000, "large", np.char.mod("shop %d", np.arange(3000) % 200))
    found = slices(predictions, pa.table({"merchant": shops}), sliced(FRAUD, "merchant"))
    assert len(found) == 1 + SMALL_LEVELS
    assert next(iter(found)) == "merchant=large"


@pytest.mark.parametrize("positives", [50, 250])
def test_both_classes_must_be_large_enough(positives):
    """Rows of one class do not make up for missing rows of the other, whichever is the rarer."""
    group = SliceReport(rows=300, positives=positives, metrics={})
    assert large_enough(group, Slices(columns=("colour",), metric="roc_auc", floor=0.6, minimum_rows=50))
    assert not large_enough(group, Slices(columns=("colour",), metric="roc_auc", floor=0.6, minimum_rows=51))


def test_no_rule_no_slices(scored):
    """A model whose gate names no slices has none."""
    without = dataclasses.replace(FRAUD, gate=dataclasses.replace(FRAUD.gate, slices=None))
    assert slices(scored(100)[0], pa.table({}), without) == {}
