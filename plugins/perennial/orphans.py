"""Stops jobs that nobody waits for any more, beside the work of the process that has heard of them.

One thread does so for all of them, with one client, which takes tens of megabytes and a tenth of a second to make: a
person may mark a page of runs at once, in the process that answers every worker. What is asked for meanwhile is merged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from perennial.hooks.aws import client
from perennial.hooks.jobs import KINDS, Jobs, Owner

log = logging.getLogger(__name__)

# Before each look, in seconds. SageMaker may not list a job yet that is a second old, and a worker that is being ended
# may just be asking for one: that a look has stopped a job does not make the next one needless.
WAITS_S = (0.0, 20.0, 40.0)


@dataclass(frozen=True, kw_only=True)
class _Looks:
    """Whose jobs are to be looked for, and how long to wait before each look, in seconds."""

    model: str
    owner: Owner
    waits_s: tuple[float, ...]


class Orphans:
    """The jobs of tasks that were ended."""

    def __init__(self, *, waits_s: tuple[float, ...] = WAITS_S) -> None:
        self._waits_s = waits_s
        # With the moment of the next look, by the monotonic clock.
        self._wanted: list[tuple[float, _Looks]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def stop(self, model: str, owners: Iterable[Owner]) -> None:
        """Have the jobs of `model` stopped that run and belong to one of `owners`; returns at once.

        What fails is logged, since nobody waits for it. A look that is still to come when the process ends never does.
        """
        self._add(_Looks(model=model, owner=owner, waits_s=self._waits_s) for owner in owners)

    def _add(self, wanted: Iterable[_Looks]) -> None:
        now_s = time.monotonic()
        with self._changed:
            self._wanted += [(now_s + looks.waits_s[0], looks) for looks in wanted if looks.waits_s]
            self._changed.notify()
            # A process that was forked has inherited the thread's name, and no thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="stop jobs", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        account = _Account()
        while due := self._due():
            for model, owners in _by_model(due).items():
                for kind in KINDS:
                    account.stop(kind, model, owners)
            self._add(replace(looks, waits_s=looks.waits_s[1:]) for looks in due)

    def _due(self) -> list[_Looks]:
        """What is to be looked for by now, as soon as there is something; empty where nothing is left to look for."""
        with self._changed:
            while self._wanted:
                now_s = time.monotonic()
                due = [looks for due_s, looks in self._wanted if due_s <= now_s]
                if due:
                    self._wanted = [(due_s, looks) for due_s, looks in self._wanted if due_s > now_s]
                    return due
                self._changed.wait(min(due_s for due_s, _ in self._wanted) - now_s)
            self._thread = None
            return []


class _Account:
    """SageMaker, asked with one client, and with another after an error."""

    def __init__(self) -> None:
        self._sagemaker: Any = None

    def stop(self, kind: str, model: str, owners: list[Owner]) -> None:
        try:
            self._sagemaker = self._sagemaker or client("sagemaker")
            Jobs(kind, sagemaker=self._sagemaker, logs=None).stop_all(model, owners=owners)
        except Exception:  # a thread has nobody to raise it to; the other kinds can be asked all the same
            self._sagemaker = None
            log.exception("A %s job of %s that nobody waits for may still run: look in SageMaker", kind, model)


def _by_model(wanted: Iterable[_Looks]) -> Mapping[str, list[Owner]]:
    found: defaultdict[str, list[Owner]] = defaultdict(list)
    for looks in wanted:
        found[looks.model].append(looks.owner)
    return found


ORPHANS = Orphans()
