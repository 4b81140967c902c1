"""What could not be read: noted where it is met, counted by reason, refused where it is too much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from include.ml.container import bounded
from include.specs.capture import BadCount, CaptureReport, Example, Reason
from include.specs.errors import DataContractError

QUOTED = 80
NAMED_FILES = 3
# Where the cause is likely to be, by reason.
LOOK_AT: Mapping[Reason, str] = {
    "half_written": "whether the files were copied while they were written: read the day again later",
    "not_json": "whether something other than data capture writes below the endpoint's prefix",
    "not_a_record": "whether something other than data capture writes below the endpoint's prefix",
    "undecodable_body": "the content types that clients send, and those of the endpoint's CaptureContentTypeHeader",
    "input_without_output": "the endpoint's CaptureOptions, which must be Input and Output, and its failed requests",
    "output_without_input": "the endpoint's CaptureOptions, which must be Input and Output",
    "counts_differ": "the serving code: it must answer each row of a request, in order",
    "wrong_columns": "what clients send against the features of the model's spec, in their order",
    "wrong_cell": "what clients send against the kinds of the columns in the model's spec",
    "wrong_output": "the serving code: it must answer a probability, with or without the class",
}


class BodyError(Exception):
    """A body, or a row of one, that is not what it must be."""

    def __init__(self, reason: Reason, expected: str, found: object) -> None:
        self.reason, self.expected, self.found = reason, expected, found
        super().__init__(reason, expected, found)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that was lost: a request, or a row of the request in `line`."""

    reason: Reason
    line: int
    expected: str
    found: str


def fault(error: BodyError, line: int) -> Fault:
    """The fault that `error` is in the request in `line`."""
    return Fault(reason=error.reason, line=line, expected=error.expected, found=quoted(error.found))


def quoted(found: object) -> str:
    """What came, for a message: short, and seen to be empty where it is.

    >>> quoted(""), quoted(5), len(quoted("x" * 1000))
    ("''", '5', 82)
    """
    if isinstance(found, str):
        return repr(bounded(writable(found[:QUOTED]), QUOTED))
    try:
        return bounded(repr(found), QUOTED)
    except RecursionError:
        return f"{type(found).__name__} within {type(found).__name__} within …"


def writable(text: str) -> str:
    """`text` with what cannot be written down escaped: JSON allows half of a surrogate pair.

    >>> writable("é"), writable("\\ud800")
    ('é', '\\\\ud800')
    """
    return text.encode(errors="backslashreplace").decode()


def counted(before: Mapping[Reason, BadCount], faults: Iterable[Fault], file: str) -> dict[Reason, BadCount]:
    """`before` and the faults of `file`. The example is the first one met, of one file the one in the first line."""
    counts = dict(before)
    for found in sorted(faults, key=lambda found: found.line):
        if known := counts.get(found.reason):
            counts[found.reason] = replace(known, count=known.count + 1)
        else:
            example = Example(file=file, line=found.line, expected=found.expected, found=found.found)
            counts[found.reason] = BadCount(count=1, example=example)
    return counts


def require_few(report: CaptureReport, limit: float) -> None:
    """Refuse what was read where more than `limit` of it, a share, was lost.

    Raises:
        DataContractError: the message has each reason with its example, the most frequent first, and what to look at.
    """
    if report.bad_share <= limit:
        return
    most = sorted(report.bad.items(), key=lambda item: (-item[1].count, item[0]))
    reasons = "; ".join(f"{bad.count} x {reason} ({bad.example})" for reason, bad in most)
    raise DataContractError(
        f"captured traffic: {report.bad_requests} of {report.bad_requests + report.requests} requests and "
        f"{report.bad_rows} of {report.bad_rows + report.rows_read} rows cannot be read ({report.bad_share:.2%}), "
        f"allowed are {limit:.2%}: {reasons}. Look at {LOOK_AT[most[0][0]]}"
    )
