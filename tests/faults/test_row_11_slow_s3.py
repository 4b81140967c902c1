"""Row 11: S3 answers with errors, or late."""

import pytest

from tests.faults.aws_rows import DAY, lay, started
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(11, "S3 500s, slow S3", "retried within the deadline")
ERROR = {"code": "InternalError", "status": 500}
# One more than the tries that botocore makes when it is not told.
TIMES = 6


@pytest.mark.usefixtures("call_waits")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("error", ERROR),
        ("error", {"code": "SlowDown", "status": 503}),
        ("refused", {}),
        ("lost_reply", {"operation": "PutObject"}),
    ],
    ids=["500", "503", "refused", "lost_reply"],
)
def test_an_unwell_s3_is_waited_for(flow: Flow, kind: str, fault: dict[str, object]) -> None:
    """The ingestion goes through on its first try, with one job and its partition, whose very reply may be lost.

    Fails when the clients are made without `CALL_RETRIES` (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    flow.place.switch_on(kind, service="s3", after=2, times=TIMES, **fault)
    assert flow.ingest(DAY).states["publish"] == "success"
    assert flow.place.hits() == TIMES
    assert len(started(flow, "ingest")) == 1
    assert len(flow.partitions()) == 1


@pytest.mark.usefixtures("call_waits")
def test_a_training_waits_too(flow: Flow) -> None:
    """Whatever it does in S3: it lists, reads and writes, each on its first try, with one job a step and one version.

    Fails when the clients are made without `CALL_RETRIES` (`perennial.hooks.aws`).
    """
    lay(flow)
    operations = ("ListObjectsV2", "GetObject", "PutObject")
    for operation in operations:
        flow.place.switch_on("error", service="s3", operation=operation, times=TIMES, **ERROR)
    assert flow.train().states["notify"] == "success"
    assert flow.place.hits() == TIMES * len(operations)
    assert [len(started(flow, step)) for step in ("preprocess", "train", "evaluate")] == [1, 1, 1]
    assert len(flow.packages()) == 1


def test_a_late_answer_is_waited_for(flow: Flow) -> None:
    """S3 takes its time over two writes, and is not asked for either of them again.

    Fails when the `read_timeout` of `CALL_TIMEOUTS` is shorter than that (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    flow.place.switch_on("delay", service="s3", operation="PutObject", seconds=2, times=2)
    assert flow.ingest(DAY).states["publish"] == "success"
    _, found = flow.place.server.admin("GET", f"/calls?fault=delay&key=*/{flow.spec.name}/*")
    late = [call["key"] for call in found["calls"]]
    assert len(late) == len(set(late)) == flow.place.hits() == 2
