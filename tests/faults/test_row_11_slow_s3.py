"""Row 11: S3 answers with errors, or late."""

import pytest

from tests.faults.aws_rows import DAY, started
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(11, "S3 500s, slow S3", "retried within the deadline")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("error", {"code": "InternalError", "status": 500, "times": 5}),
        ("error", {"code": "SlowDown", "status": 503, "times": 5}),
        ("refused", {"times": 5}),
        ("lost_reply", {"times": 2, "operation": "PutObject"}),
        ("delay", {"seconds": 2, "times": 2}),
    ],
    ids=["500", "503", "refused", "lost_reply", "slow"],
)
def test_an_unwell_s3_is_waited_for(flow: Flow, kind: str, fault: dict[str, object]) -> None:
    """Both flows go through on their first try, with one job a step and one version.

    Fails when the clients are made without `CALL_RETRIES`, and where it is slow, when `CALL_TIMEOUTS` are shorter
    (`perennial.hooks.aws`).
    """
    flow.land(DAY)
    flow.place.switch_on(kind, service="s3", after=2, **fault)
    assert flow.ingest(DAY).states["publish"] == "success"
    assert flow.train().states["notify"] == "success"
    assert flow.place.hits() == fault["times"]
    assert [len(started(flow, step)) for step in ("ingest", "preprocess", "train", "evaluate")] == [1, 1, 1, 1]
    assert len(flow.packages()) == 1
