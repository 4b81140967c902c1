"""How long parsing all DAG files takes, against importing Airflow's SDK and the provider's SageMaker operators alone.

Each measurement is a fresh process, from its start to its end, imports included; the two are run in turns, so that
whatever else the machine does falls on both. The target is a ratio of at most 1.5.

    .venv/bin/python benchmarks/parsing.py --rounds 10
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
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


def seconds(program: str, variables: Mapping[str, str]) -> float:
    """Wall-clock seconds of a fresh process that runs `program`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=dict(variables), cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(rounds: int, variables: Mapping[str, str]) -> list[tuple[float, float]]:
    """Pairs of (baseline, parsing), each in seconds, after one pair that warms the disk's cache."""
    pairs = [(seconds(BASELINE, variables), seconds(PARSE, variables)) for _ in range(rounds + 1)]
    return pairs[1:]


def report(pairs: list[tuple[float, float]]) -> str:
    """The medians, and the ratio with its spread over the pairs."""
    baseline, parsing = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratios = sorted(parsed / alone for alone, parsed in pairs)
    return (
        f"importing alone {baseline:.2f} s, parsing all DAG files {parsing:.2f} s (medians of {len(pairs)})\n"
        f"ratio {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}), target at most {TARGET}"
    )


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
    print(report(pairs))
    return 0 if statistics.median(parsed / alone for alone, parsed in pairs) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
