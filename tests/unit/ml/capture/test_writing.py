"""What is written as captured traffic is what SageMaker would have captured, and is read back as it was."""

import datetime as dt
import json
import tempfile
import typing
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.ml.capture.reading import read_capture
from include.ml.capture.writing import Dialect, Exchange, Input, Output, Payload, record, write_capture
from tests.shared.captured import DATASET, DAY, PLAN

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda text: text if text.strip() else None)
NAIVE = (DAY[0].replace(tzinfo=None), DAY[1].replace(tzinfo=None) - dt.timedelta(microseconds=1))
TIMES = st.datetimes(*NAIVE, timezones=st.just(dt.UTC))
ROWS = st.fixed_dictionaries(
    {
        "key": TEXT,
        "customer": TEXT,
        "size": st.none() | st.floats(allow_nan=False),
        "colour": TEXT,
        "since": st.none() | st.datetimes(*NAIVE, timezones=st.just(dt.UTC)),
        "weight": st.none() | st.floats(allow_nan=False),
        "note": TEXT,
        "score": st.floats(0, 1),
        "called": st.sampled_from(["no", "yes"]),
    }
)
REQUESTS = st.lists(
    st.tuples(st.sampled_from(["main", "shadow"]), TIMES, TEXT, st.lists(ROWS, min_size=1, max_size=3)),
    min_size=1,
    max_size=4,
)
FORMS = st.builds(
    Dialect,
    input=st.sampled_from(typing.get_args(Input)),
    output=st.sampled_from(typing.get_args(Output)),
    csv_types=st.sampled_from([(), ("text/csv",)]),
    json_types=st.sampled_from([(), ("application/json", "application/jsonlines")]),
)


def table_of(requests: list[tuple[str, dt.datetime, str | None, list[dict[str, object]]]]) -> pa.Table:
    rows = [
        {"event_id": f"e{number}", "row": place, "inference_id": inference, "inference_time": time, "variant": variant}
        | cells
        for number, (variant, time, inference, of_request) in enumerate(requests)
        for place, cells in enumerate(of_request)
    ]
    found = pa.Table.from_pylist(rows, schema=PLAN.schema)
    return found.sort_by([(name, "ascending") for name in ("inference_time", "event_id", "row", "variant")])


def kept(table: pa.Table, dialect: Dialect) -> pa.Table:
    """What the dialect has words for: names bring the id and the entity, objects and classes bring the class."""
    lost = [] if dialect.input in ("csv_with_header", "records") else ["key", "customer"]
    lost += [] if dialect.output in ("classes", "objects") else ["called"]
    for name in lost:
        place = table.column_names.index(name)
        table = table.set_column(place, PLAN.schema.field(name), pa.nulls(len(table), pa.string()))
    return table


@settings(deadline=None)
@given(REQUESTS, FORMS)
def test_what_is_written_is_read(
    requests: list[tuple[str, dt.datetime, str | None, list[dict[str, object]]]], dialect: Dialect
) -> None:
    """Every value of every kind, in each encoding of bodies, whatever the answers look like."""
    table = table_of(requests)
    with tempfile.TemporaryDirectory() as root:
        files = write_capture(Path(root), table, DATASET, endpoint="toy-test", dialect=dialect)
        found = read_capture(files, DATASET, DAY, limit=0)
    assert found.table.to_pylist() == kept(table, dialect).to_pylist()


def test_a_record_is_that_of_the_guide() -> None:
    """To the letter of its example, but for the values."""
    exchange = Exchange(
        event_id="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        time=dt.datetime(2022, 2, 14, 17, 25, 49, tzinfo=dt.UTC),
        request=Payload(text="69,0\n", content_type="text/csv"),
        answer=Payload(text="0.025", content_type="text/csv; charset=utf-8"),
    )
    assert record(exchange, Dialect()) == (
        b'{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"69,0\\n",'
        b'"encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT",'
        b'"data":"0.025","encoding":"CSV"}},"eventMetadata":{"eventId":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",'
        b'"inferenceTime":"2022-02-14T17:25:49Z"},"eventVersion":"0"}\n'
    )


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [("text/csv", "CSV"), ("application/json", "JSON"), ("application/jsonlines", "BASE64"), ("image/png", "BASE64")],
)
def test_types_that_the_endpoint_does_not_list_are_in_base64(content_type: str, encoding: str) -> None:
    """As the API reference says of CaptureContentTypeHeader."""
    payload = Payload(text="1", content_type=content_type)
    line = record(Exchange(event_id="e", time=DAY[0], request=payload, answer=payload), Dialect())
    assert json.loads(line)["captureData"]["endpointInput"]["encoding"] == encoding


def test_files_lie_where_sagemaker_puts_them(tmp_path: Path) -> None:
    """By endpoint, variant and hour; the same rows are the same files."""
    row = {"size": 1.0, "score": 0.5}
    table = table_of([("main", DAY[0], None, [row]), ("main", DAY[0], None, [row]), ("shadow", DAY[0], None, [row])])
    files = write_capture(tmp_path, table, DATASET, endpoint="toy-test")
    folders = [path.parent.relative_to(tmp_path).as_posix() for path in files]
    assert folders == [f"capture/toy-test/{variant}/2026/03/01/00" for variant in ("main", "shadow")]
    assert files == write_capture(tmp_path, table, DATASET, endpoint="toy-test")
