"""The hold-out file, and scoring it in batches."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.ml.evaluation import hold_out
from include.ml.evaluation.hold_out import read, score
from include.specs import catalog
from include.specs.errors import ReportError

CHURN = catalog.model("churn")


def table(rows: int = 10) -> pa.Table:
    """Rows of the churn schema as preprocessing leaves them."""
    columns = {
        column.name: pa.array([float(row) for row in range(rows)])
        if column.kind == "numeric"
        else pa.array([column.levels[row % len(column.levels)] for row in range(rows)])
        for column in CHURN.dataset.features
    }
    labels = pa.array(["Yes" if row % 4 == 0 else "No" for row in range(rows)])
    return pa.table({**columns, "Churn": labels, "comparable": pa.array([row % 2 == 0 for row in range(rows)])})


def test_reads_features_labels_and_what_is_comparable(tmp_path):
    """The label is True where it is the positive class; columns that evaluation has no use for are left."""
    pq.write_table(table().append_column("customerID", pa.array(range(10))), tmp_path / "test.parquet")
    found = read(tmp_path, CHURN)
    assert found.features.column_names == [column.name for column in CHURN.dataset.features]
    assert found.labels.tolist() == [row % 4 == 0 for row in range(10)]
    assert found.comparable.tolist() == [row % 2 == 0 for row in range(10)]


def test_some_rows_of_all_three(tmp_path):
    """A choice of rows takes the same rows of features, labels and flags."""
    pq.write_table(table(), tmp_path / "test.parquet")
    found = read(tmp_path, CHURN)
    chosen = found.only(found.comparable)
    assert chosen.features["tenure"].to_pylist() == [0, 2, 4, 6, 8]
    assert chosen.labels.tolist() == [True, False, True, False, True]
    assert chosen.comparable.all()


@pytest.mark.parametrize("names", [[], ["a.parquet", "b.parquet"]])
def test_one_file_is_expected(tmp_path, names):
    """No file, or two, is an error that lists what came."""
    for name in names:
        pq.write_table(table(), tmp_path / name)
    with pytest.raises(ReportError, match="expected the hold-out as one Parquet file"):
        read(tmp_path, CHURN)


def test_a_missing_column_is_named(tmp_path):
    """A hold-out without the flag of comparable rows is no hold-out."""
    pq.write_table(table().drop_columns(["comparable", "tenure"]), tmp_path / "test.parquet")
    with pytest.raises(ReportError, match="got none called comparable, tenure"):
        read(tmp_path, CHURN)


def test_batches_do_not_show(monkeypatch):
    """Scores are the same whether the table fits one batch or needs many, the last one short."""

    class Pipeline:
        def predict_proba(self, frame):
            positive = frame["tenure"].to_numpy() / 100
            return np.column_stack([1 - positive, positive])

    features = table(25).select([column.name for column in CHURN.dataset.features])
    whole = score(Pipeline(), features, CHURN)
    monkeypatch.setattr(hold_out, "BATCH_ROWS", 10)
    assert score(Pipeline(), features, CHURN).tolist() == whole.tolist() == [row / 100 for row in range(25)]
