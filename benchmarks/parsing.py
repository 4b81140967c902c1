"""How long parsing all DAG files takes, against importing Airflow's SDK and the provider's SageMaker operators alone.

Each measurement is a fresh process, from its start to its end, imports included; the two are run in turns, so that
whatever else the machine does falls on both. The target is a ratio of at most 1.5. CPU time (user and system) is what
the target is held against: neither program waits for anything, and it does not depend on who else is running.

    .venv/bin/python benchmarks/parsing.py --rounds 10
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = 1.5
BASELINE = """
import airflow.sdk
import airflow.providers.amazon.aws.operators.sagemaker
"""
# What a DAG processor's child does for each file: run it, and look what DAGs it made.
PARSE = """
import runpy, sys
from pathlib import Path
made = [
    name
    for file in sorted(Path("dags").glob("*.py"))
    for name, value in runpy.run_path(str(file)).items()
    if type(value).__name__ == "DAG"
]
assert made, "no DAGs were made"
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a process took, in seconds."""

    wall: float
    cpu: float


def cost(program: str, variables: Mapping[str, str]) -> Cost:
    """What a fresh process that runs `program` takes."""
    wall, cpu = time.perf_counter(), _children_cpu()
    subprocess.run([sys.executable, "-c", program], env=dict(variables), cwd=ROOT, check=True, capture_output=True)
    return Cost(wall=time.perf_counter() - wall, cpu=_children_cpu() - cpu)


def measure(rounds: int, variables: Mapping[str, str]) -> list[tuple[Cost, Cost]]:
    """Pairs of (baseline, parsing), after one pair that warms the disk's cache."""
    pairs = [(cost(BASELINE, variables), cost(PARSE, variables)) for _ in range(rounds + 1)]
    return pairs[1:]


def report(pairs: list[tuple[Cost, Cost]], clock: str) -> str:
    """The medians by one clock, and the ratio with its spread over the pairs."""
    baseline, parsing = (statistics.median(getattr(each, clock) for each in side) for side in zip(*pairs, strict=True))
    each = sorted(ratios(pairs, clock))
    return (
        f"{clock:>4}: importing alone {baseline:.2f} s, parsing all DAG files {parsing:.2f} s, "
        f"ratio {statistics.median(each):.2f} (from {each[0]:.2f} to {each[-1]:.2f})"
    )


def ratios(pairs: list[tuple[Cost, Cost]], clock: str) -> list[float]:
    """Parsing over baseline, for each pair."""
    return [getattr(parsing, clock) / getattr(alone, clock) for alone, parsing in pairs]


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Measure and report; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as home:
        variables = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        }
        pairs = measure(rounds, variables)
    print(f"medians of {rounds} pairs; target: a ratio of at most {TARGET} of CPU time")
    print(report(pairs, "cpu"))
    print(report(pairs, "wall"))
    return 0 if statistics.median(ratios(pairs, "cpu")) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
