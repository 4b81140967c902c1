"""Containers: a job's command as a supervised process; how it is started, watched, asked to end and ended."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue

from localaws.jobs.folder import JobFolder
from localaws.jobs.isolation import Isolation
from localaws.jobs.logs import LineSplitter
from localaws.jobs.process_tree import ProcessTree
from localaws.jobs.processes import INSTANCE_VARIABLE, JOB_VARIABLE, kill_carrying
from localaws.jobs.pump import Pump

TICK_S = 1.0  # how often a running job is looked at: continuous uploads, checkpoints, disk
DISK_TICKS = 5  # the disk is measured at every fifth of these: walking a folder costs


class End(Enum):
    """What brought a container to its end."""

    EXIT = "exit"
    STOP = "stop"
    INTERRUPTION = "interruption"
    MAX_RUNTIME = "max runtime"
    DISK_FULL = "disk full"
    SHUT_DOWN = "shut down"  # localaws ends


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a container ended. ``exit_code`` as docker gives it: 128 + n after signal n."""

    end: End
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """What runs, and within which limits."""

    token: str
    instance: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    workdir: str
    max_runtime_s: float
    grace_s: float
    max_disk_bytes: int
    offline: bool = False


class Control:
    """What others ask of a job while it runs. Safe to use from any thread."""

    def __init__(self) -> None:
        self._signals: SimpleQueue[End] = SimpleQueue()
        self._stopped = threading.Event()
        self._vacant = threading.Event()
        self._vacant.set()
        self.outage_s = 0.0

    @property
    def stop_requested(self) -> bool:
        """Whether the job was asked to stop, in whatever state it is."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Ask the job to stop for good."""
        self._stopped.set()
        self._signals.put(End.STOP)

    def interrupt(self, *, outage_s: float = 0.0) -> None:
        """Take the job's instance away, as a spot interruption does; another one is to be had after the outage."""
        self.outage_s = outage_s
        self._signals.put(End.INTERRUPTION)

    def shut_down(self) -> None:
        """Kill the job's processes, if it has any."""
        self._signals.put(End.SHUT_DOWN)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Held while the job has processes."""
        self._vacant.clear()
        try:
            yield
        finally:
            self._vacant.set()

    def wait_vacant(self, timeout_s: float) -> bool:
        """Wait until the job has no processes; whether that was in time."""
        return self._vacant.wait(timeout_s)

    def exited(self) -> None:
        """Tell that all processes have ended."""
        self._signals.put(End.EXIT)

    def wait_stopped(self, timeout_s: float) -> bool:
        """Wait for a stop request; whether there was one."""
        return self._stopped.wait(timeout_s)

    def next(self, timeout_s: float) -> End | None:
        """The next thing that happens, or None when nothing does in time."""
        try:
            return self._signals.get(timeout=max(timeout_s, 0.0))
        except Empty:
            return None


def run(
    spec: ContainerSpec,
    folder: JobFolder,
    isolation: Isolation,
    control: Control,
    *,
    output: LineSplitter,
    on_start: Callable[[], None],
    on_tick: Callable[[], None],
) -> Outcome:
    """Run the command to its end, whatever that is; afterwards none of its processes is left."""
    with isolation.slot(folder.ml), control.occupied():
        on_start()
        tree, pump = _start(spec, folder, isolation, output)
        threading.Thread(target=_watch, args=(tree, control), daemon=True).start()
        try:
            end = _Supervision(spec, folder, control, tree, on_tick).run()
        finally:  # also when a tick's upload failed: what is told to have failed must not run on
            exit_code = tree.end()
            kill_carrying(JOB_VARIABLE, spec.token)  # should its init have been killed, which kept it together
            pump.finish()
            output.close()
    return Outcome(end=end, exit_code=exit_code)


def _start(
    spec: ContainerSpec, folder: JobFolder, isolation: Isolation, output: LineSplitter
) -> tuple[ProcessTree, Pump]:
    tokens = {INSTANCE_VARIABLE: spec.instance, JOB_VARIABLE: spec.token}
    command = isolation.wrap(
        spec.command, ml_folder=folder.ml, opt_folder=folder.opt, workdir=spec.workdir, offline=spec.offline
    )
    readable, writable = os.pipe()
    try:
        tree = ProcessTree(command, {**spec.environment, **tokens}, output=writable)
    except OSError:
        os.close(readable)
        raise
    finally:
        os.close(writable)
    return tree, Pump(readable, output)


def _watch(tree: ProcessTree, control: Control) -> None:
    tree.wait()
    control.exited()


class _Supervision:
    """The loop around a running process. SIGTERM, then after the grace period SIGKILL, as SageMaker does."""

    def __init__(
        self,
        spec: ContainerSpec,
        folder: JobFolder,
        control: Control,
        tree: ProcessTree,
        on_tick: Callable[[], None],
    ) -> None:
        self._spec, self._folder, self._control, self._tree = spec, folder, control, tree
        self._on_tick = on_tick
        self._end = End.EXIT
        self._deadline = time.monotonic() + spec.max_runtime_s
        self._ticks = 0

    def run(self) -> End:
        while True:
            event = self._control.next(min(TICK_S, self._deadline - time.monotonic()))
            if event is End.EXIT:
                return self._end
            if event is End.SHUT_DOWN:
                self._tree.kill()  # and its end is told as an exit: nobody asked for it
            elif event is not None:
                self._terminate(event)
            elif time.monotonic() >= self._deadline:
                self._terminate(End.MAX_RUNTIME)
            else:
                self._tick()

    def _tick(self) -> None:
        self._on_tick()
        self._ticks += 1
        if self._ticks % DISK_TICKS == 0 and self._folder.used_bytes() > self._spec.max_disk_bytes:
            self._terminate(End.DISK_FULL)

    def _terminate(self, end: End) -> None:
        ending = self._end is not End.EXIT
        if ending and end is not End.MAX_RUNTIME:
            return  # one notice is enough
        if ending or end is End.DISK_FULL:  # patience is over
            self._tree.kill()
        else:
            self._tree.terminate()
        self._deadline = time.monotonic() + self._spec.grace_s
        self._end = self._end if ending else end
