"""Row 15: a producer changes the columns of its files."""

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.specs import s3_layout
from laptop.settings import BUCKET
from tests.faults.flow import Flow, as_csv, rows, small
from tests.faults.real_airflow import RealAirflow, until

pytestmark = pytest.mark.row(
    15,
    "column missing, extra, renamed, of the wrong type",
    "fails before training and names the column",
)
DAY = dt.date(2026, 3, 1)
# One that nothing else of the model is of, where it is not its own.
OTHER_DAY = dt.date(2024, 6, 1)
Rows = list[dict[str, str]]


def _missing(found: Rows) -> Rows:
    return [{name: cell for name, cell in row.items() if name != "tenure"} for row in found]


def _extra(found: Rows) -> Rows:
    return [row | {"discount": "0.1"} for row in found]


def _renamed(found: Rows) -> Rows:
    return [{("Tenure" if name == "tenure" else name): cell for name, cell in row.items()} for row in found]


def _of_text(found: Rows) -> Rows:
    return [row | {"tenure": "long"} for row in found]


def _of_other_levels(found: Rows) -> Rows:
    return [row | {"Contract": "monthly"} for row in found]


def _as_parquet(found: Rows) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({name: [row[name] for row in found] for name in found[0]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_missing, "column 'tenure' is missing"),
        (_extra, "column 'discount' is not in the spec"),
        (_renamed, r"column 'tenure' is missing \(did you mean 'tenure' by 'Tenure'\?\)"),
        (_of_text, "column 'tenure': not a number in 400 of 400 rows, for example 'long'"),
        (_of_other_levels, "column 'Contract': unknown level in 400 of 400 rows, for example 'monthly'"),
    ],
    ids=["missing", "extra", "renamed", "not-numeric", "other-levels"],
)
def test_a_wrong_column_of_a_csv_file_is_named(flow: Flow, change: Callable[[Rows], Rows], words: str) -> None:
    """The ingestion fails for good, names the file and the column, and nothing of the file reaches the lake.

    Fails when `_require_columns` (missing, extra, renamed; `include.ml.data.landing`) or `_wrong_column` (type
    and levels; `include.ml.data.contract`) is taken out: then a column is wrong in so many words at best.
    """
    _require_refused(flow, flow.land(DAY, as_csv(change(rows(flow.spec.dataset)))), words)


def test_a_parquet_column_of_the_wrong_type_is_named(flow: Flow) -> None:
    """A numeric column that came as text is refused as such, whatever stands in it.

    Fails when `include.ml.data.landing` no longer asks whether a column's type can hold its kind (`cells.accepts`).
    """
    key = flow.land(DAY, _as_parquet(rows(flow.spec.dataset)), name="data.parquet")
    _require_refused(flow, key, "column 'tenure' must hold numeric values, its Parquet type is string")


def test_one_wrong_file_refuses_the_day(flow: Flow) -> None:
    """A day of two files, one of them wrong, has no partition: half a day would pass for a whole one.

    Fails when the job `ingest` passes over a file that it cannot read.
    """
    flow.land(DAY)
    key = flow.land(DAY, as_csv(_missing(rows(flow.spec.dataset, seed=2))), name="more.csv")
    _require_refused(flow, key, "column 'tenure' is missing")


@pytest.mark.flow
@pytest.mark.long
@pytest.mark.timeout(1200)
def test_people_hear_of_the_column_from_airflow(system: RealAirflow) -> None:
    """The task of a real run fails at its first try, and Airflow has the model's topic told once, with the column.

    Fails when the flow names no callback for its failure (`flows.ingestion`), or such data is taken for what another
    try may mend (`retries.DATA`).
    """
    heard = system.listen("small", "row-15")
    key = s3_layout.landing("small", OTHER_DAY) + "rows.csv"
    body = as_csv(_missing(rows(small("small").dataset)))
    system.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    run = system.api.trigger("small_ingestion", conf={"date": OTHER_DAY.isoformat()})
    system.until_ended(run, expected="failed")
    told: list[dict[str, Any]] = []
    until(lambda: bool(told.extend(heard()) or told), of="the message")
    [message] = told
    assert (message["run_id"], message["task_id"], message["fault"]) == (run.run_id, "ingest", "data")
    assert f"{key}: column 'tenure' is missing" in message["cause"]
    assert system.tasks(run)["ingest"].try_number == 1


def _require_refused(flow: Flow, key: str, words: str) -> None:
    run = flow.ingestion(DAY)
    with pytest.raises(AirflowFailException, match=f"DataContractError: {key}: {words}"):
        run.finish()
    assert run.states == {"find_landing": "success", "ingest": "failed"}
    [failure] = flow.failures()
    assert (failure.fault, failure.retried) == ("data", False)
    assert re.search(f"{key}: {words}", failure.message)
    assert (flow.keys("raw"), flow.keys("quarantine"), run.events) == ([], [], {})
    with pytest.raises(AirflowFailException, match="has no partitions"):
        flow.train()
    assert flow.jobs("Training") == []
