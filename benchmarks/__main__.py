"""All benchmarks, one after the other: `python -m benchmarks`, which is `make bench`. About an hour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMANDS = (
    ("benchmarks/job_start.py",),
    ("benchmarks/parsing.py",),
    ("-m", "benchmarks.quality"),
    # As many rows and turns as what the README claims was measured with.
    ("-m", "benchmarks.pipeline", "--threads", "1", "--rows", "100000", "--repeats", "7"),
    ("-m", "benchmarks.pipeline", "--threads", "1", "--rows", "1000000", "--repeats", "1"),
    ("-m", "benchmarks.orchestration"),
    ("-m", "benchmarks.drift.speed", "--rows", "1000000", "--rounds", "5"),
    ("-m", "benchmarks.drift.alarms"),
)


def main() -> int:
    """Run each; the number of those that failed."""
    failed = 0
    for command in COMMANDS:
        print(f"\n$ python {' '.join(command)}", flush=True)
        failed += subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
