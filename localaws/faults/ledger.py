"""The ledger: which requests there were and how each went, the newest of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

LENGTH = 10_000
FIELDS = ("service", "operation", "name", "bucket", "key", "status", "fault", "took_effect")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request. ``status`` is None when nothing was answered and the service not asked."""

    service: str
    operation: str | None
    name: str | None
    bucket: str | None
    key: str | None
    status: int | None
    fault: str | None
    took_effect: bool


class Ledger:
    """The newest entries, oldest first. Safe to use from any thread."""

    def __init__(self, length: int = LENGTH) -> None:
        self._entries: deque[Entry] = deque(maxlen=length)
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        """Add an entry; the oldest one goes when there are too many."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()

    def entries(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """The entries whose fields match the patterns: ``{"service": "s3", "key": "raw/*", "took_effect": "true"}``."""
        with self._lock:
            found = [asdict(entry) for entry in self._entries]
        return [entry for entry in found if _matches(entry, wanted)]


def _matches(entry: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(fnmatchcase(_text(entry[name]), pattern) for name, pattern in wanted.items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str("" if value is None else value)
