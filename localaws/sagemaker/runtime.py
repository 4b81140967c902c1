"""The runtime: the machine that jobs run on, and the jobs that are running on it."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from localaws.faults.switches import Switches
from localaws.jobs.container import Control
from localaws.jobs.images import Image, ImageCatalog
from localaws.jobs.isolation import Isolation
from localaws.jobs.process_tree import PATIENCE_S
from localaws.jobs.processes import INSTANCE_VARIABLE, kill_carrying
from localaws.sagemaker.records import JobRecord

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The clock that is used unless another one is given."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What every job needs to know of where it runs."""

    endpoint: str
    jobs_folder: Path
    isolation: Isolation
    images: ImageCatalog = field(default_factory=lambda: ImageCatalog(default=Image(match="*")))
    clock: Callable[[], datetime] = utc_now
    grace_s: float = 120.0
    constraints: bool = True
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)


class Run(Protocol):
    """One job's way from its request to its end; called in a thread of its own."""

    def __call__(self) -> None:
        """Do all of it; the record tells how it ended."""


class Runtime:
    """Starts jobs, and passes requests on to those that are running. Safe to use from any thread."""

    def __init__(self, machine: Machine, *, on_change: Callable[[], None] = lambda: None) -> None:
        self.machine = machine
        self.switches = Switches()
        self.closing = threading.Event()
        self.on_change = on_change
        self._controls: dict[str, Control] = {}
        self._lock = threading.Lock()

    def admit(self, arn: str) -> Control:
        """A control for a job that is about to exist; whoever asks for it from now on is heard."""
        control = Control()
        with self._lock:
            self._controls[arn] = control
        return control

    def start(self, record: JobRecord, run: Run) -> None:
        """Run an admitted job in a thread of its own."""
        threading.Thread(target=self._run, args=(record, run), name=record.name, daemon=True).start()

    def _run(self, record: JobRecord, run: Run) -> None:
        try:
            run()
        except Exception:
            if not self.closing.is_set():
                log.exception("job %s", record.arn)
        finally:
            with self._lock:
                self._controls.pop(record.arn, None)

    def control(self, arn: str) -> Control | None:
        """The control of a job that was admitted and has not ended; else None."""
        with self._lock:
            return self._controls.get(arn)

    def running(self) -> list[str]:
        """ARNs of the running jobs."""
        with self._lock:
            return sorted(self._controls)

    def end_all(self) -> None:
        """End every job's processes at once, as when the machine is switched off; the records stay as they are."""
        self.closing.set()
        with self._lock:
            controls = list(self._controls.values())
        for control in controls:
            control.shut_down()
        deadline = time.monotonic() + PATIENCE_S
        for control in controls:
            control.wait_vacant(deadline - time.monotonic())
        kill_carrying(INSTANCE_VARIABLE, self.machine.instance)
