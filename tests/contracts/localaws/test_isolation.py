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


# A private /opt that may be written to and ends with the server. What is there stays: the interpreter may live in it.
PRIVATE_OPT = (
    'mount --rbind /opt "$1"; mount -t tmpfs none /opt; '
    'for c in "$1"/*; do [ -d "$c" ] && mkdir "/opt/${c##*/}" && mount --rbind "$c" "/opt/${c##*/}"; done; '
    'shift; exec "$@"'
)


def private_opt(folder: Path) -> tuple[str, ...]:
    """What starts a process that has it."""
    flags = "-m" if os.geteuid() == 0 else "-Urm"
    if not works("unshare", flags, "true"):
        pytest.skip("the test needs a private /opt to write to, and this kernel gives no mount namespaces")
    held = folder / "opt"
    held.mkdir()
    return ("unshare", flags, "/bin/sh", "-c", PRIVATE_OPT, "sh", str(held))


@pytest.mark.parametrize("mode", ["mount-namespace", "user-namespace"])
def test_the_jobs_folders_may_lie_below_opt(tmp_path: Path, mode: str) -> None:
    """A clone or a data folder in /opt is there for a job as anywhere else."""
    options = ("--isolation", mode, "--data-dir", "/opt/perennial/.local/aws")
    server = start_server(tmp_path, *options, wrapper=private_opt(tmp_path))
    try:
        check_isolated(server)
    finally:
        assert server.end() == 0


# Says when it begins and ends, and in between waits for the other one to begin, but not for long.
IN_TURN = """
import pathlib, time
def say(what):
    with open({path!r}, "a") as file:
        file.write(what + "\\n")
say("begin")
deadline = time.monotonic() + 2
while pathlib.Path({path!r}).read_text().count("begin") % 2 and time.monotonic() < deadline:
    time.sleep(0.02)
say("end")
"""


def test_isolation_by_symlink_runs_one_job_at_a_time(tmp_path: Path) -> None:
    """Where there are no namespaces, jobs queue for the one /opt/ml: the second begins when the first has ended."""
    server = start_server(tmp_path, "--isolation", "symlink", wrapper=private_opt(tmp_path))
    try:
        assert server.isolation == "symlink"
        check_isolated(server)
        jobs = Jobs(server=server, bucket="turns")
        told = tmp_path / "told"
        for name in [jobs.start_processing(IN_TURN.format(path=str(told))) for _ in range(2)]:
            assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
        assert told.read_text().split() == ["begin", "end", "begin", "end"]
    finally:
        assert server.end() == 0
