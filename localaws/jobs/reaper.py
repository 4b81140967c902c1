"""The reaper: a small process for when localaws was killed, and with it the init of a job that should have ended it.

It reads a pipe whose other end only localaws holds. The pipe closes when localaws ends, by SIGKILL too; then each job's
init kills all that came of the job, and the reaper kills whatever else carries this instance's token, and ends.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

from localaws.jobs.processes import INSTANCE_VARIABLE, kill_carrying


def start(instance: str) -> subprocess.Popen[bytes]:
    """Start the reaper for the jobs of this instance; it ends by itself with us."""
    package_root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-c",
        "import sys; from localaws.jobs.reaper import watch; watch(sys.argv[1], sys.stdin)",
    ]
    # A session of its own: Ctrl-C on the terminal must not end it before us.
    return subprocess.Popen(
        [*command, instance],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd=package_root,
        env={"PYTHONPATH": str(package_root)},
    )


def watch(instance: str, lifeline: IO[str]) -> None:
    """Wait until the lifeline closes, then kill what is left of the instance's jobs."""
    lifeline.read()
    kill_carrying(INSTANCE_VARIABLE, instance)
