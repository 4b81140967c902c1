"""What is there again after localaws has ended, was killed or was emptied, and who may use a data folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import PATIENCE_S, Jobs, Server, is_running, start_server, until

# Two processes that print their ids: one is found by its environment, the other by nothing but its parents.
SLEEPING = (
    "import os, subprocess, time\n"
    "print(os.getpid(), flush=True)\n"
    "subprocess.Popen(['env', '-i', 'setsid', 'sh', '-c', 'echo $$; exec sleep 600'])\n"
    "time.sleep(600)"
)


def fill(server: Server) -> list[int]:
    """State in every service that matters, with a job that runs; the ids of the job's processes."""
    jobs = Jobs(server=server, bucket="lake")
    jobs.s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    for content in ("replaced", "content"):
        jobs.put("kept", content)
    jobs.process("pass", ProcessingJobName="before")
    server.client("sns").create_topic(Name="alerts")
    server.client("sqs").create_queue(QueueName="inbox")
    jobs.sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    return sleepers(jobs, jobs.start_training(SLEEPING, TrainingJobName="running"))


def sleepers(jobs: Jobs, name: str) -> list[int]:
    """Of a job that sleeps: its own, and that of a child that has left its session and its environment."""
    until(lambda: len(jobs.log_lines("Training", name)) == 2, what="the job to run")
    return [int(line) for line in jobs.log_lines("Training", name)]


def check_kept(server: Server) -> None:
    """Everything that ``fill`` made is still there."""
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    kept = s3.list_object_versions(Bucket="lake", Prefix="kept")["Versions"]
    versions = [s3.get_object(Bucket="lake", Key="kept", VersionId=version["VersionId"]) for version in kept]
    assert [version["Body"].read() for version in versions] == [b"content", b"replaced"]
    assert sagemaker.describe_processing_job(ProcessingJobName="before")["ProcessingJobStatus"] == "Completed"
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="churn")
    assert server.client("sns").list_topics()["Topics"]
    assert server.client("sqs").get_queue_url(QueueName="inbox")
    interrupted = sagemaker.describe_training_job(TrainingJobName="running")
    assert interrupted["TrainingJobStatus"] == "Failed"
    assert interrupted["SecondaryStatus"] == "Failed"
    assert interrupted["FailureReason"].startswith("InternalServerError: localaws was restarted")
    group = "/aws/sagemaker/ProcessingJobs"
    assert server.client("logs").describe_log_streams(logGroupName=group)["logStreams"]


def test_state_survives_a_restart_and_interrupted_jobs_say_so(tmp_path: Path) -> None:
    """After SIGTERM and a new start all is there; the job that ran is Failed, and its processes were ended."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    process_ids = fill(first)
    assert first.end() == 0
    assert not any(map(is_running, process_ids))
    second = start_server(tmp_path, "--data-dir", data)
    try:
        check_kept(second)
    finally:
        assert second.end() == 0
    assert list((tmp_path / "data" / "jobs").glob("*")) == []


def test_a_sigkill_loses_no_more_than_the_last_second_and_leaves_no_job_behind(tmp_path: Path) -> None:
    """After SIGKILL what was done more than a second before is there, and all of the job has ended."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    process_ids = fill(first)
    time.sleep(1.5)  # the second that may be lost
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    until(lambda: not any(map(is_running, process_ids)), what="the job to be ended")
    second = start_server(tmp_path, "--data-dir", data)
    try:
        check_kept(second)
    finally:
        assert second.end() == 0


def test_what_moto_resets_does_not_come_back(tmp_path: Path) -> None:
    """moto's reset empties every service, for the next start too."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    Jobs(server=first, bucket="lake").put("gone", "content")
    time.sleep(1)  # so that there is a snapshot that must go
    urllib.request.urlopen(f"{first.endpoint}/moto-api/reset", data=b"").close()  # noqa: S310  # our server
    assert first.end() == 0
    second = start_server(tmp_path, "--data-dir", data)
    try:
        assert second.client("s3").list_buckets()["Buckets"] == []
    finally:
        assert second.end() == 0


def test_a_state_that_cannot_be_saved_is_told_and_ends_in_order(tmp_path: Path) -> None:
    """Health says why while requests are answered on; at the end exit code and message say it, and no job is left."""
    data = tmp_path / "data"
    server = start_server(tmp_path, "--data-dir", str(data))
    assert server.admin("GET", "/health")[1]["state"] == "saved"
    (data / "state").rename(data / "aside")
    (data / "state").write_text("a file where a folder should be")
    jobs = Jobs(server=server, bucket="lake")
    running = sleepers(jobs, jobs.start_training(SLEEPING))
    until(lambda: "Not a directory" in server.admin("GET", "/health")[1]["state"], what="health to say so")
    assert server.admin("GET", "/health")[1]["status"] == "ok"
    assert server.end() == 1
    assert "localaws: what changed last is not kept in" in server.log.read_text()
    assert not any(map(is_running, running))
    assert not (data / "jobs").exists()


def test_a_data_dir_serves_one_server(tmp_path: Path) -> None:
    """A second server on the same folder refuses to start and says what to do."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    try:
        command = [sys.executable, "-m", "localaws", "--port", "0", "--data-dir", data]
        second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    finally:
        first.end()
    assert second.returncode == 1
    assert "in use by another localaws" in second.stderr
