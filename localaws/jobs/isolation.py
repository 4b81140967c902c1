"""Isolation: how each job gets an ``/opt/ml`` of its own.

SageMaker's containers hard-code ``/opt/ml``. Without containers, a mount namespace gives every job its own; where the
kernel allows none, a symlink under a lock serves one job at a time.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

ML_ROOT = "/opt/ml"
NOT_ISOLATED = 125  # the exit code docker itself uses when a container cannot be set up

# Binds the job's folder over /opt/ml. Where there is no /opt/ml, /opt becomes a small tmpfs that holds the other
# children of /opt as before, so that the host's /opt is never written to. It is put together beside /opt and then moved
# over it: until then everything is where it was, the job's folder too if it lies below /opt.
_ENTER_NAMESPACE = """
ml=$1; new=$2; workdir=$3; shift 3
image_path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap 'exit 125' EXIT
set -e
if [ -d /opt/ml ]; then mount --bind "$ml" /opt/ml
else
  mount -t tmpfs -o size=1m,mode=755 localaws "$new"
  for child in /opt/* /opt/.[!.]*; do
    name=${child##*/}
    if [ -L "$child" ]; then cp -P "$child" "$new/$name"
    elif [ -d "$child" ]; then mkdir "$new/$name"; mount --rbind "$child" "$new/$name"
    elif [ -e "$child" ]; then : > "$new/$name"; mount --bind "$child" "$new/$name"
    fi
  done
  mkdir "$new/ml"
  mount --bind "$ml" "$new/ml"
  mount --move "$new" /opt
fi
cd "$workdir"
PATH=$image_path
trap - EXIT
set +e
exec "$@"
"""
_RAISE_LOOPBACK = "PATH=/usr/sbin:/usr/bin:/sbin:/bin ip link set lo up\n"


class IsolationError(RuntimeError):
    """No way of giving a job its own /opt/ml works on this machine."""


class Isolation(Protocol):
    """One way of giving a job its own /opt/ml."""

    @property
    def name(self) -> str:
        """The mode's name, as the command line knows it."""

    @property
    def parallel(self) -> bool:
        """Whether jobs may run at the same time."""

    def wrap(
        self, command: Sequence[str], *, ml_folder: Path, opt_folder: Path, workdir: str, offline: bool = False
    ) -> list[str]:
        """The command line that runs ``command`` in ``workdir`` with ``ml_folder`` as /opt/ml.

        ``opt_folder`` is an empty folder that the job's /opt may be put together in. With ``offline`` the command has
        no network but its own loopback, as far as the mode and the kernel can do that.
        """

    @contextmanager
    def slot(self, ml_folder: Path) -> Iterator[None]:
        """Held while the job's command runs."""


class NamespaceIsolation:
    """A mount namespace for each job: as root, or as an ordinary user with a user namespace around it."""

    parallel = True

    def __init__(self, *, name: str, flags: str) -> None:
        self.name = name
        self._unshare = (shutil.which("unshare") or "unshare", flags)

    def wrap(
        self, command: Sequence[str], *, ml_folder: Path, opt_folder: Path, workdir: str, offline: bool = False
    ) -> list[str]:
        """Enter the namespace, mount, and exec the command: it keeps the process id of the wrapper."""
        cut = offline and self._cuts_networks
        enter = [*self._unshare, *(["-n"] if cut else [])]
        script = (_RAISE_LOOPBACK if cut else "") + _ENTER_NAMESPACE
        return [*enter, "/bin/sh", "-c", script, "localaws", str(ml_folder), str(opt_folder), workdir, *command]

    @cached_property
    def _cuts_networks(self) -> bool:
        """Whether the kernel gives a network namespace too; asked when the first job wants none of ours."""
        return subprocess.run([*self._unshare, "-n", "true"], capture_output=True, check=False).returncode == 0

    @contextmanager
    def slot(self, ml_folder: Path) -> Iterator[None]:  # noqa: ARG002  # the protocol's signature
        """Nothing to hold: namespaces do not meet."""
        yield


class SymlinkIsolation:
    """A symlink from /opt/ml to the running job's folder, under a lock: one job at a time."""

    name = "symlink"
    parallel = False

    def __init__(self, *, link: Path = Path(ML_ROOT)) -> None:
        self._link = link
        self._lock = threading.Lock()

    def wrap(
        self,
        command: Sequence[str],
        *,
        ml_folder: Path,  # noqa: ARG002  # the protocol's signature
        opt_folder: Path,  # noqa: ARG002  # the protocol's signature
        workdir: str,
        offline: bool = False,  # noqa: ARG002  # the protocol's signature
    ) -> list[str]:
        """Only the working directory is set; the link is made by ``slot``."""
        return ["/bin/sh", "-c", 'cd "$1" || exit 125; shift; exec "$@"', "localaws", workdir, *command]

    @contextmanager
    def slot(self, ml_folder: Path) -> Iterator[None]:
        """Point the link at the job's folder until the job has ended.

        Raises:
            IsolationError: something that is not a link of ours is in the way.
        """
        with self._lock:
            self._point_at(ml_folder)
            try:
                yield
            finally:
                self._link.unlink(missing_ok=True)

    def _point_at(self, ml_folder: Path) -> None:
        if self._link.exists() and not self._link.is_symlink():
            raise IsolationError(f"{self._link} exists and is no symlink; move it away, or allow user namespaces")
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(ml_folder)


def modes() -> dict[str, Isolation]:
    """Every mode by name, in order of preference."""
    root = NamespaceIsolation(name="mount-namespace", flags="-m")
    user = NamespaceIsolation(name="user-namespace", flags="-Urm")
    return {mode.name: mode for mode in (root, user, SymlinkIsolation())}


def choose(wanted: str | None = None, *, jobs_folder: Path | None = None) -> Isolation:
    """The first mode that works here, or the one that is wanted.

    Args:
        wanted: the mode's name.
        jobs_folder: where the jobs' folders will lie; made if it is not there. A temporary place, when None.

    Raises:
        IsolationError: none works; the message says what each of them answered.
    """
    candidates = modes()
    answers = {name: probe(candidates[name], jobs_folder=jobs_folder) for name in ([wanted] if wanted else candidates)}
    for name, problem in answers.items():
        if problem is None:
            return candidates[name]
    told = "; ".join(f"{name}: {problem}" for name, problem in answers.items())
    raise IsolationError(f"no job can have its own {ML_ROOT} on this machine ({told})")


def probe(isolation: Isolation, *, jobs_folder: Path | None = None) -> str | None:
    """Try the mode with a job that hard-codes /opt/ml; None when it works, else what went wrong."""
    if jobs_folder is not None:
        jobs_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="localaws-probe-", dir=jobs_folder) as folder:
        ml_folder, opt_folder = Path(folder) / "ml", Path(folder) / "opt"
        ml_folder.mkdir()
        opt_folder.mkdir()
        write = ["/bin/sh", "-c", f"echo works > {ML_ROOT}/probe"]
        command = isolation.wrap(write, ml_folder=ml_folder, opt_folder=opt_folder, workdir=ML_ROOT)
        try:
            with isolation.slot(ml_folder):
                done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, IsolationError, subprocess.TimeoutExpired) as error:
            return str(error)
        works = done.returncode == 0 and (ml_folder / "probe").exists()
        return None if works else (done.stderr.strip() or f"exit code {done.returncode}")
