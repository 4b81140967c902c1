"""Row 14: rows that break the data contract."""

import csv
import datetime as dt
import io
import re

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.specs import s3_layout
from tests.faults.flow import Flow, as_csv, flow_of, rows

pytestmark = pytest.mark.row(
    14, "malformed rows", "quarantined with reasons and counted; above the limit the run fails"
)
DAY = dt.date(2026, 3, 1)
# What is done to a row, and what quarantine must say of it.
FAULTS = {
    "tenure: not a number: 'many'": {"tenure": "many"},
    "tenure: above 600: '900'": {"tenure": "900"},
    "MonthlyCharges: not a finite number: 'nan'": {"MonthlyCharges": "nan"},
    "gender: unknown level: 'Unknown'": {"gender": "Unknown"},
    "Churn: blank: ''": {"Churn": ""},
    "customerID: duplicate id": {},
    "wrong number of cells: 22, the header has 21": {},
}


def _landed(flow: Flow) -> bytes:
    """Good rows, and one of each fault."""
    found = rows(flow.spec.dataset)
    for number, change in enumerate(FAULTS.values()):
        found[number] |= change
    found[5]["customerID"] = found[50]["customerID"]
    lines = as_csv(found).splitlines(keepends=True)
    lines[7] = lines[7].replace(b"\n", b",one too many\n")
    return b"".join(lines)


def test_bad_rows_are_set_aside_with_their_reason(flow: Flow) -> None:
    """Each is in quarantine as it came, with its reason; they are counted in the result and in the manifest.

    Fails when `include.ml.data.contract` lets a fault through, or `partition.write` drops the rejected rows or their
    count.
    """
    flow.land(DAY, _landed(flow))
    published = flow.ingest(DAY).results["publish"]
    [partition] = flow.partitions()
    [set_aside] = flow.keys("quarantine")
    assert set_aside.startswith(s3_layout.quarantine(flow.spec.name, DAY))
    reasons = [row["_reason"] for row in csv.DictReader(io.StringIO(flow.read(set_aside).decode()))]
    assert len(reasons) == len(FAULTS)
    for fault in FAULTS:
        assert [reason for reason in reasons if reason.startswith(fault)], fault
    assert published["rows"] == partition.manifest.rows == 400 - len(FAULTS)
    assert sum(published["quarantined"].values()) == len(FAULTS)
    assert dict(partition.manifest.quarantined) == published["quarantined"]


def test_an_ingestion_that_is_not_published_leaves_what_was_set_aside(flow: Flow) -> None:
    """The partition that stands keeps its rejected rows beside it until there is another, which then has its own alone.

    Fails when the file of rejected rows has one name (`partition.write`), or publishing leaves the one before.
    """
    flow.land(DAY, _landed(flow))
    flow.ingest(DAY)
    [before] = flow.keys("quarantine")
    content = flow.read(before)
    flow.land(DAY, _landed(flow).replace(b"Month-to-month", b"Weekly", 1))
    again = flow.ingestion(DAY)
    again.execute("find_landing")
    again.execute("ingest")
    assert flow.read(before) == content
    assert len(flow.keys("quarantine")) == 2
    again.finish()
    [after] = flow.keys("quarantine")
    assert after != before
    assert after.endswith(f"/{flow.partitions()[0].manifest.rejected.name}")


def test_no_bad_row_is_trained_on(flow: Flow) -> None:
    """The parts of the split hold the good rows, and no other.

    Fails when `partition.write` writes rejected rows into the partition.
    """
    flow.land(DAY, _landed(flow))
    flow.ingest(DAY)
    run = flow.training()
    run.execute("resolve")
    run.execute("candidate.preprocess")
    log = flow.log(run.results["candidate.preprocess"]["job_name"])
    counts = re.search(r"train (\d+), validation (\d+), test (\d+)", log)
    assert counts is not None
    assert sum(map(int, counts.groups())) == 400 - len(FAULTS)


def test_too_many_bad_rows_fail_the_run(flow: Flow) -> None:
    """Above the spec's limit the task fails for good, says how many of which kind, and the lake has none of the rows.

    Examples are in the task's own words, since quarantine has none.

    Fails when `contract.check` does not hold the limit (`_require_few`), or the job does not print the error's notes
    (`include.ml.container`).
    """
    flow = flow_of(flow, quarantine_limit=(len(FAULTS) - 1) / 400)
    key = flow.land(DAY, _landed(flow))
    run = flow.ingestion(DAY)
    words = rf"{key}: 7 of 400 rows \(1\.75%\) break the contract, the spec allows 1\.50%: .*1 x tenure: not a number"
    with pytest.raises(AirflowFailException, match=words):
        run.finish()
    assert run.states == {"find_landing": "success", "ingest": "failed"}
    [failure] = flow.failures()
    assert (failure.fault, failure.retried) == ("data", False)
    assert re.search(words, failure.message)
    assert "  refused: tenure: not a number: 'many', where customerID is " in failure.message
    assert (flow.partitions(), flow.keys("raw"), flow.keys("quarantine"), run.events) == ((), [], [], {})
