"""How much later a SageMaker job of localaws reaches its first statement than a bare process with the same command.

From the request (or the start of the process) to the moment that the program itself prints. The two are run in turns.
The target is at most 0.5 s over the bare process.

    .venv/bin/python benchmarks/job_start.py --rounds 10
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parent.parent
TARGET_S = 0.5
COMMAND = ["python", "-c", "import time; print(repr(time.time()))"]
GROUP = "/aws/sagemaker/ProcessingJobs"


@contextmanager
def localaws(folder: Path) -> Iterator[str]:
    """The endpoint of a server that lives as long as the block."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localaws", "--port", "0", "--ready-file", str(ready)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as server:
        while not ready.exists():
            if server.poll() is not None:
                raise RuntimeError(f"localaws ended with {server.returncode}:\n{(folder / 'log').read_text()}")
            time.sleep(0.05)
        try:
            yield json.loads(ready.read_text())["endpoint"]
        finally:
            server.terminate()


def bare() -> float:
    """Seconds to the first statement of a bare process."""
    began = time.time()
    said = subprocess.run([sys.executable, *COMMAND[1:]], capture_output=True, check=True, text=True).stdout
    return float(said) - began


def job(sagemaker: Any, logs: Any, name: str) -> float:
    """Seconds to the first statement of a job."""
    began = time.time()
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/jobs",
        AppSpecification={"ImageUri": "any", "ContainerEntrypoint": COMMAND},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    while sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress":
        time.sleep(0.05)
    (stream,) = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
    return float(events[0]["message"]) - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, localaws(Path(folder)) as endpoint:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        sagemaker, logs = (boto3.client(name, endpoint_url=endpoint, **keys) for name in ("sagemaker", "logs"))
        job(sagemaker, logs, "warm-up")
        pairs = [(bare(), job(sagemaker, logs, f"job-{i}")) for i in range(rounds)]
    over = [of_job - of_bare for of_bare, of_job in pairs]
    bare_s, job_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"bare process  {bare_s:.3f} s to its first statement (median of {rounds})")
    print(f"job           {job_s:.3f} s")
    print(f"over          {statistics.median(over):.3f} s ({min(over):.3f}-{max(over):.3f}); target {TARGET_S} s")


if __name__ == "__main__":
    main()
