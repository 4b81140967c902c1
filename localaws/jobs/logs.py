"""Job logs: a job's output, line by line, into a CloudWatch log stream while the job runs; and the metrics in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 262_144 - 26  # CloudWatch: an event has at most 256 KiB, 26 bytes of it overhead
MAX_STREAM_BYTES = 16 * 2**20  # ours: everything here is held in memory

Sink = Callable[[Sequence[str]], None]


@dataclass(frozen=True, kw_only=True)
class LogAddress:
    """Where a job's log is: account, region, group and stream."""

    account: str
    region: str
    group: str
    stream: str


class LogStream:
    """A CloudWatch log stream that is made when the container starts."""

    def __init__(self, address: LogAddress, *, clock: Callable[[], datetime]) -> None:
        self._address = address
        self._clock = clock
        self._backend = logs_backends[address.account][address.region]
        self._ensure()

    def _ensure(self) -> None:
        self._backend.ensure_log_group(self._address.group)
        self._backend.ensure_log_stream(self._address.group, self._address.stream)

    def append(self, lines: Sequence[str]) -> None:
        """Put the lines as events of this moment; into a new stream when the one there was has been deleted."""
        timestamp = int(self._clock().timestamp() * 1000)
        events = [{"timestamp": timestamp, "message": line} for line in lines]
        try:
            self._backend.put_log_events(self._address.group, self._address.stream, events)
        except ResourceNotFoundException:
            self._ensure()
            self._backend.put_log_events(self._address.group, self._address.stream, events)


class LineSplitter:
    """Bytes in, lines out; bounded in the length of a line and in all.

    What is beyond ``max_bytes`` is read, so that the job never blocks on its output, and dropped.
    """

    def __init__(self, sinks: Sequence[Sink], *, max_bytes: int = MAX_STREAM_BYTES) -> None:
        self._sinks = sinks
        self._max_bytes = max_bytes
        self._taken = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take some output; complete lines go to the sinks at once."""
        if self._taken > self._max_bytes:
            return
        self._taken += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        while len(self._rest) > MAX_LINE_BYTES:
            lines.append(self._rest[:MAX_LINE_BYTES])
            self._rest = self._rest[MAX_LINE_BYTES:]
        self._emit(lines)
        if self._taken > self._max_bytes:
            self._rest = b""
            self._emit([f"localaws: the log ends here, after {self._max_bytes} bytes".encode()])

    def close(self) -> None:
        """Emit what is left without a line end."""
        if self._rest:
            self._emit([self._rest])
            self._rest = b""

    def _emit(self, lines: Sequence[bytes]) -> None:
        texts = [line[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip("\r") for line in lines]
        # CloudWatch refuses empty messages; docker's log driver drops empty lines likewise.
        if texts := [text for text in texts if text]:
            for sink in self._sinks:
                self._give(sink, texts)

    def _give(self, sink: Sink, lines: Sequence[str]) -> None:
        try:
            sink(lines)
        except Exception:  # what becomes of its output is no affair of the job's, nor of the other sinks'
            log.exception("lines of a job's output are lost")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The value a metric had when it was last seen."""

    name: str
    value: float
    timestamp: datetime


class MetricScanner:
    """Finds metrics in log lines by the regular expressions of a request's MetricDefinitions.

    >>> scanner = MetricScanner([{"Name": "auc", "Regex": "auc=([0-9.]+)"}], clock=datetime.now)
    >>> scanner.scan(["epoch 1 auc=0.7", "epoch 2 auc=0.8", "auc=."])
    >>> [(metric.name, metric.value) for metric in scanner.last_values()]
    [('auc', 0.8)]
    """

    def __init__(self, definitions: Sequence[Mapping[str, Any]], *, clock: Callable[[], datetime]) -> None:
        self._patterns = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._clock = clock
        self._last: dict[str, Metric] = {}

    def scan(self, lines: Sequence[str]) -> None:
        """Look at some more lines; of several values of a metric the last one stays."""
        for line in lines:
            for name, pattern in self._patterns:
                for value in map(_number, pattern.finditer(line)):
                    if value is not None:
                        self._last[name] = Metric(name=name, value=value, timestamp=self._clock())

    def last_values(self) -> tuple[Metric, ...]:
        """The last value of each metric that was seen."""
        return tuple(self._last.values())


def _number(match: re.Match[str]) -> float | None:
    try:
        return float(match.group(1) if match.re.groups else match.group(0))
    except (TypeError, ValueError):  # the expression caught no number
        return None
