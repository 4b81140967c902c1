"""Clients we did not write, from their own environment: the AWS CLI and the ``sagemaker`` SDK 3."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.contracts.localaws.harness import REGION, ROOT, Jobs, unavailable, unique

BIN = ROOT / ".venv-sagemaker" / "bin"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def their_environment() -> None:
    """The environment that these clients live in."""
    if not BIN.is_dir():
        unavailable(f"{BIN} is not there: `make test` makes it from requirements-sagemaker.lock")


def call(jobs: Jobs, *command: str) -> str:
    """Run a program of that environment against the server; what it printed."""
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ENDPOINT_URL": jobs.server.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_PAGER": "",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def aws(jobs: Jobs, *arguments: str) -> str:
    return call(jobs, str(BIN / "aws"), *arguments)


def test_the_cli_copies_and_lists_objects(jobs: Jobs, tmp_path: Path) -> None:
    """``aws s3 cp``, ``ls`` and ``sync`` work, also for an object in several parts."""
    big = tmp_path / "big"
    big.write_bytes(os.urandom(9 * 2**20))
    aws(jobs, "s3", "cp", str(big), f"s3://{jobs.bucket}/big")
    assert f"{9 * 2**20} big" in aws(jobs, "s3", "ls", f"s3://{jobs.bucket}/")
    aws(jobs, "s3", "sync", f"s3://{jobs.bucket}/", str(tmp_path / "back"))
    assert (tmp_path / "back" / "big").read_bytes() == big.read_bytes()


def test_the_cli_runs_a_job_and_registers_a_model(jobs: Jobs) -> None:
    """``aws sagemaker`` creates a job, waits for it with botocore's own waiter, and keeps a registry."""
    request = jobs.training_request("open('/opt/ml/model/m', 'w').write('model')")
    name, group = request["TrainingJobName"], unique("cli")
    aws(jobs, "sagemaker", "create-training-job", "--cli-input-json", json.dumps(request))
    jobs.trained(name)
    aws(jobs, "sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    aws(jobs, "sagemaker", "create-model-package-group", "--model-package-group-name", group)
    listed = aws(jobs, "sagemaker", "list-model-package-groups", "--name-contains", group)
    assert json.loads(listed)["ModelPackageGroupSummaryList"][0]["ModelPackageGroupName"] == group


def test_the_sdk_runs_a_processor_and_a_model_trainer(jobs: Jobs, tmp_path: Path) -> None:
    """SDK 3's ScriptProcessor and ModelTrainer upload their code, run it and wait for its end."""
    script = Path(__file__).with_name("sdk_client.py")
    told = call(jobs, str(BIN / "python"), str(script), jobs.server.endpoint, jobs.bucket, str(tmp_path))
    assert '{"training": "Completed"}' in told
    assert jobs.text("sdk/said") == "from the processor"
    assert [key for key in jobs.keys("sdk-models/") if key.endswith("/output/model.tar.gz")]
