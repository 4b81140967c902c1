"""SageMaker's container contract in one place: where a job finds its files, and how it says how it ended.

Sources: the developer guide's "How Amazon SageMaker AI provides training information" and "Build your own processing
container".
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from include.specs import codec
from include.specs.errors import PerennialError
from include.specs.job import CONFIG_CHANNEL, CONFIG_FILE, STEPS, JobStep

ROOT = Path("/opt/ml")
# SageMaker reads at most this much of either file, into FailureReason or ExitMessage.
REASON_LIMIT = 1024
# How a shell reports a process that SIGTERM ended.
STOPPED = 128 + signal.SIGTERM


class ContainerError(PerennialError):
    """Something that the container contract promises is not there."""


class Stopped(BaseException):
    """SIGTERM came: SageMaker stops the job, or takes its spot instance back, and kills it two minutes later."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """The files of one job. `root` is `/opt/ml` but in tests."""

    step: JobStep
    root: Path = ROOT

    def channel(self, name: str) -> Path:
        """The folder of input channel `name`.

        Raises:
            ContainerError: the job was started without it.
        """
        path = self._inside(self.step.input_path(name))
        if not path.is_dir():
            raise ContainerError(
                f"the job {self.step.name} needs the channel {name!r} as the folder {path}, which does not exist; "
                "add it to the job's request"
            )
        return path

    def optional_channel(self, name: str) -> Path | None:
        """The folder of input channel `name`, None where it is absent or empty."""
        path = self._inside(self.step.input_path(name))
        return path if path.is_dir() and any(path.iterdir()) else None

    def output(self, name: str) -> Path:
        """The folder of output `name`, made."""
        return _made(self._inside(self.step.output_path(name)))

    @property
    def model(self) -> Path:
        """The folder that becomes model.tar.gz when a training job ends well."""
        return _made(self.root / "model")

    @property
    def checkpoints(self) -> Path:
        """The folder that SageMaker keeps in step with the job's checkpoint prefix."""
        return _made(self.root / "checkpoints")

    def config[T](self, cls: type[T]) -> T:
        """What the run is to do: the `cls` in the channel `config`.

        Raises:
            ContainerError: the channel holds no run.json.
            ReportError: it holds something else.
        """
        path = self.channel(CONFIG_CHANNEL) / CONFIG_FILE
        if not path.is_file():
            raise ContainerError(f"expected the run's configuration in {path}, found no such file")
        return codec.decode(cls, path.read_bytes(), source=str(path))

    def hyperparameters(self) -> Mapping[str, str]:
        """The training job's hyper-parameters, all text, as SageMaker hands them on; empty where it has none.

        Raises:
            ContainerError: the file is not a JSON object of text.
        """
        path = self.root / "input/config/hyperparameters.json"
        if not path.is_file():
            return {}
        try:
            found = json.loads(path.read_bytes())
        except ValueError as error:
            raise ContainerError(f"{path}: expected a JSON object: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise ContainerError(f"{path}: expected a JSON object whose values are all text, got {found!r}")
        return found

    def fail(self, reason: str) -> None:
        """Leave `reason` where SageMaker looks for it: `failure` of a training, `message` of a processing job.

        Not in both: on a full disk, one that nobody reads may have the last room.

        What the job has made so far goes first. It is no result, and on a full disk it has the room that the reason
        needs; where there is none even so, the log alone has the reason.
        """
        self._discard()
        file = "failure" if self.step.kind == "training" else "message"
        try:
            (_made(self.root / "output") / file).write_text(bounded(reason, REASON_LIMIT), encoding="utf-8")
        except OSError as error:
            print(f"{self.step.name}: the reason could not be left for SageMaker: {error}", file=sys.stderr, flush=True)

    def _discard(self) -> None:
        outputs = [self._inside(self.step.output_path(name)) for name in self.step.outputs]
        for folder in (self.root / "model", *outputs):
            # SageMaker mounts some of them: such a folder stays, empty.
            shutil.rmtree(folder, ignore_errors=True)

    def _inside(self, path: str) -> Path:
        return self.root / Path(path).relative_to(ROOT)


def bounded(text: str, limit: int) -> str:
    """`text`, cut to at most `limit` bytes of UTF-8.

    >>> bounded("naïve", 3), bounded("naïve", 99)
    ('na', 'naïve')
    """
    return text.encode()[:limit].decode(errors="ignore")


def run_job(
    step: str, main: Callable[[Container], Mapping[str, int]], argv: Sequence[str] | None = None, *, root: Path = ROOT
) -> int:
    """Run `main` as the job of `step`; the process's exit code.

    `main` returns counts for the last log line. A `PerennialError` is a message to a person: it is printed without
    traceback, after its notes, for which SageMaker has no room. Anything else is a defect: its traceback goes to
    stderr. Both leave the reason for SageMaker.
    """
    container = Container(step=STEPS[step], root=_root(step, argv, root))
    # OpenMP threads otherwise spin while they wait: on a busy machine a fit took three times the CPU.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # scikit-learn's own tests' module, which skops imports, takes pytest in wherever it is installed: a tenth of a
    # second a job. A job's image has none; neither has a job on a developer's machine. In a test, it is there already.
    sys.modules.setdefault("pytest", None)  # type: ignore[arg-type]  # the import system's word for "not to be found"
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        with _without_collection():
            return _run(container, main)
    finally:
        signal.signal(signal.SIGTERM, previous)


def leave(code: int) -> NoReturn:
    """End the process: what a job leaves is written, and nothing it imported has to be taken down in order.

    That order costs a process with scikit-learn in it a tenth of a second, and what it frees goes with the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # Whoever read it may be gone: that is no news about the job.
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def say(line: str) -> None:
    """One line of the job's log, at once: CloudWatch shows it while the job runs."""
    print(line, flush=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees all of it or none of it, whenever the process ends.

    What cannot be finished goes: half a checkpoint would be kept as one.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(path)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No search for cyclic garbage: a job ends soon, and has none that is large.

    While scikit-learn is imported, and again when the interpreter ends, each search walks through every object of every
    module: 0.4 of the 1.6 s that a process costs which imports scikit-learn and skops and does nothing. What is there
    at the end of the job is put out of its sight, or the first search would begin at once.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _run(container: Container, main: Callable[[Container], Mapping[str, int]]) -> int:
    step = container.step.name
    began = time.monotonic()
    say(f"{step}: started")
    try:
        counts = main(container)
    except PerennialError as error:
        for note in getattr(error, "__notes__", ()):
            print(note, file=sys.stderr, flush=True)
        return _failed(container, f"{type(error).__name__}: {error}")
    except Stopped:
        say(f"{step}: stopped by SIGTERM after {time.monotonic() - began:.1f} s")
        return STOPPED
    except Exception as error:  # noqa: BLE001 the last frame of the process: whatever it was must reach FailureReason
        traceback.print_exc()
        return _failed(container, f"{type(error).__name__}: {error}")
    summary = "".join(f", {name} {count}" for name, count in counts.items())
    say(f"{step}: finished in {time.monotonic() - began:.1f} s{summary}")
    return 0


def _root(step: str, argv: Sequence[str] | None, default: Path) -> Path:
    parser = argparse.ArgumentParser(prog=f"python -m {STEPS[step].module}", description=f"The job {step}.")
    parser.add_argument("--root", type=Path, default=default, help="in place of /opt/ml")
    return Path(parser.parse_args(argv).root)


def _failed(container: Container, reason: str) -> int:
    print(f"{container.step.name}: failed: {reason}", file=sys.stderr, flush=True)
    container.fail(reason)
    return 1


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


def _made(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
