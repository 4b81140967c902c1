"""Switches: the faults that are switched on, and how often each has hit. In memory only."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import Any

from localaws.faults.calls import Call, Scope
from localaws.faults.fault import Fault


@dataclass(kw_only=True)
class Switch:
    """One fault that is switched on."""

    id: str
    fault: Fault
    seen: int = 0
    hits: int = 0

    @property
    def left(self) -> int | None:
        """How often it will still hit; None when there is no end."""
        return None if self.fault.times is None else self.fault.times - self.hits

    def takes(self, call: Call) -> bool:
        """Whether it hits the call; counts it."""
        if self.left == 0 or not self.fault.matches(call):
            return False
        self.seen += 1
        hit = self.seen > self.fault.after
        self.hits += hit
        return hit

    def described(self) -> dict[str, Any]:
        """The switch as JSON: what was given, the counts, and how often it has hit."""
        counts = {"after": self.fault.after, "times": self.fault.times}
        return {"id": self.id, **self.fault.given(), **counts, "left": self.left, "hits": self.hits}


class Switches:
    """All of a server's faults. Safe to use from any thread."""

    def __init__(self) -> None:
        self._switches: dict[str, Switch] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> dict[str, Any]:
        """Switch a fault on; its description."""
        with self._lock:
            switch = Switch(id=str(next(self._numbers)), fault=fault)
            self._switches[switch.id] = switch
            return switch.described()

    def remove(self, id_: str) -> bool:
        """Switch a fault off; False when there is none of that id."""
        with self._lock:
            return self._switches.pop(id_, None) is not None

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._switches.clear()

    def described(self) -> list[dict[str, Any]]:
        """All faults, in the order they were switched on; those that are used up too."""
        with self._lock:
            return [switch.described() for switch in self._switches.values()]

    def take(self, call: Call) -> Fault | None:
        """The fault that hits a call: the first one that takes it, and the others do not count the call."""
        with self._lock:
            return next((switch.fault for switch in self._switches.values() if switch.takes(call)), None)

    def job_failure(self, name: str) -> str | None:
        """The FailureReason that a job which has just been accepted is to end with; None when it may run."""
        fault = self.take(Call(scope=Scope.JOB, service="sagemaker", job=name))
        return fault.reason if fault else None
