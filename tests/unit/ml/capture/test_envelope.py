"""Lines of a capture file: requests, or faults that say what is wrong; never a good line lost for a bad one."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from include.ml.capture import envelope
from include.ml.capture.envelope import Block, blocks, read
from tests.shared.captured import line, side

ROOT = Path(__file__).parents[4]
CUT = line()[:-30]
TIME = "2026-03-01T12:00:00Z"


def test_a_record_of_the_guide_is_read() -> None:
    """The developer guide's fields, and those that it has where a client gave them."""
    metadata = {"eventId": "e", "inferenceTime": TIME, "inferenceId": "i", "customAttributes": ["a", "b"]}
    [found] = read(Block(first_line=7, content=line(eventMetadata=metadata))).table.to_pylist()
    assert (found["event_id"], found["inference_id"], found["line"]) == ("e", "i", 7)
    assert (found["input_encoding"], found["output"], found["output_type"]) == ("CSV", "0.25", "text/csv")
    assert found["inference_time"].isoformat() == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nope\n", "not_json"),
        (line()[:-1] + line(), "not_json"),
        (b'{"eventMetadata": {"eventId": "\xff"}}\n', "not_json"),
        (line(event="\ud800"), "not_json"),
        (b"[" * 100_000 + b"\n", "not_json"),
        (b"[1]\n", "not_a_record"),
        (b"null\n", "not_a_record"),
        (b"nullx\n", "not_json"),
        (b'"\\ud800"\n', "not_a_record"),
        (b"{}\n", "not_a_record"),
        (line(captureData=[1]), "not_a_record"),
        (line(event=5), "not_a_record"),
        (line({"a": 1}, captureData={"endpointInput": side({"a": 1})}), "not_a_record"),
        (line(captureData={}), "not_a_record"),
        (line(eventMetadata={"inferenceTime": TIME}), "not_a_record"),
        (line(eventMetadata={"eventId": "e"}), "not_a_record"),
        (line(time="noon"), "not_a_record"),
        (line(captureData={"endpointInput": side("1")}), "input_without_output"),
        (line(captureData={"endpointOutput": side("1")}), "output_without_input"),
        (CUT, "half_written"),
    ],
)
def test_a_bad_line_costs_itself_alone(bad: bytes, reason: str) -> None:
    """Wherever it is among many; its fault has the line's number."""
    good = line() * 100
    found = read(Block(first_line=1, content=good + bad + (b"" if bad == CUT else good)))
    assert [(fault.reason, fault.line) for fault in found.faults] == [(reason, 101)]
    assert len(found.table) == (100 if bad == CUT else 200)
    assert found.table["line"].to_pylist() == [*range(1, 101), *range(102, 202)][: len(found.table)]


def elsewhere(*args: str, contents: Sequence[bytes] = ()) -> subprocess.CompletedProcess[str]:
    """`broken_lines` in a process of its own: what is looked for ends one."""
    command = [sys.executable, "-m", "tests.unit.ml.capture.broken_lines", *args]
    told = json.dumps([content.decode() for content in contents])
    return subprocess.run(command, input=told, capture_output=True, text=True, cwd=ROOT, check=False)


def test_null_is_a_fault_wherever_it_is() -> None:
    """Arrow's reader ends the process by a segmentation fault where it comes first (apache/arrow#47409)."""
    nulls, places = (b"null\n", b" \tnull \r\n", b"\r null\n"), (1, 51, 101)
    cases = [(place, line() * (place - 1) + null + line() * (101 - place)) for null in nulls for place in places]
    cases += [(1, b"null"), (101, line() * 100 + b"null")]
    found = elsewhere(contents=[content for _, content in cases])
    assert found.returncode == 0, found.stderr
    for (place, content), told in zip(cases, json.loads(found.stdout), strict=True):
        good = [number for number in range(1, content.count(b"\n") + 1) if number != place]
        assert told == {"good": good, "bad": {str(place): "not_a_record"}}


def test_no_line_ends_the_process() -> None:
    """Blocks of all that can be wrong, drawn with fixed seeds; the last number printed is the seed that does."""
    found = elsewhere("2000")
    last = found.stdout.split()[-1:]
    assert (found.returncode, last) == (0, ["1999"]), f"block({last}): {found.stderr[-1000:]}"


def test_the_last_line_may_lack_its_end() -> None:
    """It is a record all the same."""
    found = read(Block(first_line=1, content=line() + line().rstrip()))
    assert (len(found.table), found.faults) == (2, ())


def test_blank_lines_are_counted_and_nothing_else() -> None:
    """The number of a line is what an editor says."""
    found = read(Block(first_line=1, content=b"\n" + line() + b"  \n\r\n" + line()))
    assert found.table["line"].to_pylist() == [2, 5]
    assert found.faults == ()


def test_arrow_and_python_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that Arrow refuses is read line by line, and nobody sees the difference."""
    block = Block(first_line=3, content=line() + line(event="é") + line(eventVersion=[0, {"x": None}]))
    by_arrow = read(block)
    monkeypatch.setattr(envelope, "_whole", lambda _block: None)
    assert by_arrow == read(block)
    assert len(by_arrow.table) == 3


@pytest.mark.parametrize("size", [1, 7, 200, 10_000])
def test_blocks_are_whole_lines(tmp_path: Path, size: int) -> None:
    """Whatever their size, a line longer than it included."""
    content = line() + line("x" * 300) + b"\n" + CUT
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    found = list(blocks(path, size))
    assert b"".join(block.content for block in found) == content
    numbers = [block.first_line for block in found]
    assert numbers == sorted(set(numbers))
    assert [content.split(b"\n")[block.first_line - 1] for block in found] == [
        block.content.split(b"\n")[0] for block in found
    ]


def test_a_file_without_lines_has_no_blocks(tmp_path: Path) -> None:
    """SageMaker writes none, a person may."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert list(blocks(tmp_path / "a.jsonl")) == []


def test_a_request_and_its_answer_have_their_own_encodings() -> None:
    """CSV in and JSON out, as in aws/sagemaker-python-sdk#2785."""
    said = side(json.dumps({"predictions": [{"score": 0.01}]}), "JSON", "application/json")
    [found] = read(Block(first_line=1, content=line("1,2", said))).table.to_pylist()
    assert (found["input_encoding"], found["output_encoding"]) == ("CSV", "JSON")
