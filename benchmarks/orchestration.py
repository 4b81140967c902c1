"""What orchestration adds to a step: from the end of the task before it to its own end, less the time that its job ran.

Queueing, the worker's start, looking for the job, starting it, noticing its end and handing on its result are all in
it. The target is at most 5 s a step on two cores.

    .venv/bin/python -m benchmarks.orchestration --runs 5
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from laptop import aws, record, secrets_file
from laptop.airflow_api import AirflowApi, Run
from laptop.settings import Settings

ROOT = Path(__file__).parent.parent
TARGET_S = 5.0
STEPS = ("resolve", "candidate.preprocess", "candidate.train", "candidate.evaluate")
DAG = "churn_training"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with system() as (api, endpoint):
        sagemaker = aws.client("sagemaker", endpoint)
        measured = []
        for number in range(1, runs + 1):
            measured.append(added_s(api, sagemaker, trained(api)))
            print(f"run {number} of {runs}", file=sys.stderr, flush=True)
    for step in STEPS[1:]:
        over = [of_run[step][1] for of_run in measured]
        job_s = statistics.median(of_run[step][0] for of_run in measured)
        spread = f"{min(over):.1f}-{max(over):.1f}"
        print(f"{step:<22}job {job_s:5.1f} s   added {statistics.median(over):.1f} s ({spread}); target {TARGET_S:g} s")


@contextmanager
def system() -> Iterator[tuple[AirflowApi, str]]:
    """A system of its own that has trained once, and is warm."""
    # PostgreSQL's socket must have a short path.
    state = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    settings = Settings(repo=ROOT, state=state, python=Path(sys.executable))
    try:
        laptop(state, "up")
        laptop(state, "run")
        running = record.read(settings.record)
        if running is None:
            raise RuntimeError(f"{settings.record}: expected the record of the system that was just started")
        password = secrets_file.ensure(settings).admin_password
        with AirflowApi(running.addresses.airflow, password=password) as api:
            yield api, running.addresses.aws
    finally:
        laptop(state, "down")
        shutil.rmtree(state, ignore_errors=True)


def laptop(state: Path, command: str) -> None:
    """A command of the laptop, as make gives it."""
    line = [sys.executable, "-m", "laptop", command, "--state", str(state), "--port", "0"]
    subprocess.run(line, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def trained(api: AirflowApi) -> Run:
    """A training, once it has ended well."""
    run = api.trigger(DAG, conf={})
    while (state := api.state(run)) not in ("success", "failed"):
        time.sleep(1)
    if state == "failed":
        raise RuntimeError(f"{run.run_id} failed: {api.tasks(run)}")
    return run


def added_s(api: AirflowApi, sagemaker: Any, run: Run) -> dict[str, tuple[float, float]]:
    """Step → seconds that its job ran, and seconds that came on top."""
    ended = {
        task.task_id: task.started + dt.timedelta(seconds=task.duration_s or 0)
        for task in api.tasks(run)
        if task.started
    }
    found = {}
    for before, step in itertools.pairwise(STEPS):
        name = api.xcom(run, step, key="job_name")
        job_s = ran_s(sagemaker, "training" if step.endswith("train") else "processing", name)
        found[step] = job_s, (ended[step] - ended[before]).total_seconds() - job_s
    return found


def ran_s(sagemaker: Any, kind: str, name: str) -> float:
    """Seconds from the start to the end of a job's container."""
    noun = kind.capitalize()
    job = getattr(sagemaker, f"describe_{kind}_job")(**{f"{noun}JobName": name})
    return float((job[f"{noun}EndTime"] - job[f"{noun}StartTime"]).total_seconds())


if __name__ == "__main__":
    main()
