"""Each way of giving every job an /opt/ml of its own, as far as this machine can do it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.contracts.localaws.harness import Jobs, Server, start_server


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


def test_the_best_isolation_is_chosen(server: Server) -> None:
    """Root gets a mount namespace for each job where the kernel gives one, and nothing less."""
    if os.geteuid() != 0 or not works("unshare", "-m", "true"):
        pytest.skip("not root, or no mount namespaces here")
    assert server.isolation == "mount-namespace"


WRITE_AND_READ = (
    "import pathlib\n"
    "pathlib.Path('/opt/ml/processing/output/x').write_text('from the job')\n"
    "print(pathlib.Path('/opt/ml/processing/output/x').read_text())\n"
)


def check_isolated(server: Server) -> None:
    """Two jobs, one after the other or together, each with its own /opt/ml."""
    jobs = Jobs(server=server, bucket="lake")
    target = {"S3Uri": "s3://lake/out", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    outputs = {"Outputs": [{"OutputName": "o", "S3Output": target}]}
    names = [jobs.start_processing(WRITE_AND_READ, ProcessingOutputConfig=outputs) for _ in range(2)]
    assert [jobs.processed(name)["ProcessingJobStatus"] for name in names] == ["Completed", "Completed"]
    assert jobs.text("out/x") == "from the job"


def test_isolation_in_a_user_namespace(tmp_path: Path) -> None:
    """An ordinary user's jobs get their own /opt/ml in a user namespace."""
    if not works("unshare", "-Urm", "true"):
        pytest.skip("this kernel gives ordinary users no namespaces")
    server = start_server(tmp_path, "--isolation", "user-namespace")
    try:
        assert server.isolation == "user-namespace"
        check_isolated(server)
    finally:
        assert server.end() == 0


def test_isolation_by_symlink_runs_one_job_at_a_time(tmp_path: Path) -> None:
    """Where there are no namespaces, jobs queue for the one /opt/ml."""
    if os.geteuid() != 0 or not works("unshare", "-m", "true"):
        pytest.skip("the test needs a private /opt to put the link into, which takes root")
    # The interpreter may live below /opt: keep what is there, on a copy that ends with the server.
    held = tmp_path / "opt"
    held.mkdir()
    script = (
        'mount --rbind /opt "$1"; mount -t tmpfs none /opt; '
        'for c in "$1"/*; do [ -d "$c" ] && mkdir "/opt/${c##*/}" && mount --rbind "$c" "/opt/${c##*/}"; done; '
        'shift; exec "$@"'
    )
    wrapper = ("unshare", "-m", "/bin/sh", "-c", script, "sh", str(held))
    server = start_server(tmp_path, "--isolation", "symlink", wrapper=wrapper)
    try:
        assert server.isolation == "symlink"
        check_isolated(server)
    finally:
        assert server.end() == 0
