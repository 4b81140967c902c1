"""How processing jobs end, over HTTP: well, badly, when told to, and with nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.localaws.harness import ROLE, Jobs, is_running, until


def output(uri: str, *, mode: str = "EndOfJob", path: str = "/opt/ml/processing/output") -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": "result", "S3Output": target}]}


def test_an_exit_code_becomes_the_failure_reason(jobs: Jobs) -> None:
    """A job that exits with an error fails, and FailureReason holds its exit code."""
    ended = jobs.process("raise SystemExit(3)")
    assert ended["ProcessingJobStatus"] == "Failed"
    assert ended["FailureReason"] == "AlgorithmError: , exit code: 3"


def test_the_failure_file_of_a_processing_job_is_not_read(jobs: Jobs) -> None:
    """What it has to say comes as ExitMessage, bounded to 1024 characters; FailureReason has the exit code alone.

    Sources: the developer guide's "Save and Access Metadata Information About Your Processing Job", and the failed
    processing job in its "Troubleshooting guide for the SageMaker Python SDK".
    """
    script = (
        "open('/opt/ml/output/failure', 'w').write('column age is missing')\n"
        "open('/opt/ml/output/message', 'w').write('column size is missing ' + 'x' * 5000)\n"
        "raise SystemExit(1)"
    )
    ended = jobs.process(script)
    assert ended["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert ended["ExitMessage"].startswith("column size is missing x")
    assert len(ended["ExitMessage"]) == 1024


def test_the_message_file_is_the_exit_message(jobs: Jobs) -> None:
    """What a job wrote to /opt/ml/output/message is its ExitMessage."""
    ended = jobs.process("open('/opt/ml/output/message', 'w').write('200 rows')")
    assert ended["ExitMessage"] == "200 rows"


def test_a_killed_job_has_the_exit_code_docker_gives(jobs: Jobs) -> None:
    """A job that is killed by signal 9 has exit code 137."""
    ended = jobs.process("import os\nos.kill(os.getpid(), 9)")
    assert ended["FailureReason"] == "AlgorithmError: , exit code: 137"


def test_a_failed_job_uploads_no_end_of_job_outputs(jobs: Jobs) -> None:
    """Nothing half-done reaches the output's prefix when the job fails."""
    script = "open('/opt/ml/processing/output/x', 'w').write('half')\nraise SystemExit(1)"
    jobs.process(script, ProcessingOutputConfig=output(f"s3://{jobs.bucket}/half"))
    assert jobs.keys("half") == []


def test_a_missing_input_is_a_client_error(jobs: Jobs) -> None:
    """An input prefix without objects fails the job in AWS's words, before the command runs."""
    uri = f"s3://{jobs.bucket}/nothing"
    source = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    ended = jobs.process("print('ran')", ProcessingInputs=[{"InputName": "raw", "S3Input": source}])
    assert ended["ProcessingJobStatus"] == "Failed"
    assert ended["FailureReason"].startswith("ClientError: Data download failed")
    assert uri in ended["FailureReason"]
    assert "ProcessingStartTime" not in ended


def test_a_missing_output_bucket_is_a_client_error(jobs: Jobs) -> None:
    """An output bucket that does not exist fails the job and is named."""
    script = "open('/opt/ml/processing/output/x', 'w').write('y')"
    ended = jobs.process(script, ProcessingOutputConfig=output("s3://no-such-bucket-anywhere/out"))
    assert ended["FailureReason"].startswith("ClientError: Data upload failed")
    assert "no-such-bucket-anywhere" in ended["FailureReason"]


def test_a_stopped_job_gets_sigterm_and_ends_stopped(jobs: Jobs) -> None:
    """Stop sends SIGTERM, the job may say goodbye, and its status is Stopped."""
    script = (
        "import signal, sys, time\n"
        "def bye(*_):\n"
        "    print('goodbye', flush=True)\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, bye)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    name = jobs.start_processing(script)
    jobs.wait_for_line("Processing", name, "ready")
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    ended = jobs.processed(name)
    assert ended["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in ended
    assert jobs.log_lines("Processing", name)[-1] == "goodbye"


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace_period(jobs: Jobs) -> None:
    """SIGKILL follows when SIGTERM is ignored."""
    script = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)"
    name = jobs.start_processing(script)
    jobs.wait_for_line("Processing", name, "ready")
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert jobs.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopping"
    assert jobs.processed(name)["ProcessingJobStatus"] == "Stopped"


def test_a_job_past_its_max_runtime_is_stopped(jobs: Jobs) -> None:
    """MaxRuntimeInSeconds ends the job."""
    ended = jobs.process("import time\ntime.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert ended["ProcessingJobStatus"] == "Stopped"


def test_no_process_of_a_job_outlives_it(jobs: Jobs) -> None:
    """A daemon that a job put into a session of its own ends with the job."""
    script = (
        "import subprocess, pathlib\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "print(pathlib.Path(f'/proc/{child.pid}/stat').read_text().split()[0], flush=True)\n"
    )
    name = jobs.start_processing(script)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
    (child,) = jobs.log_lines("Processing", name)
    assert not is_running(int(child))


# Another environment and another session, and the job's output is its own as well.
ESCAPING = (
    "import subprocess, sys\nchild = subprocess.Popen(['env', '-i', 'setsid', 'sh', '-c', 'echo $$; exec sleep 600'])\n"
)


def test_a_child_that_keeps_the_output_does_not_keep_the_job(jobs: Jobs) -> None:
    """A child without the job's environment and session ends when the job's command does, and so does the job."""
    script = f"{ESCAPING}import time\nprint('command ends', flush=True)\ntime.sleep(0.5)"
    name = jobs.start_processing(script)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Completed"
    (child,) = set(jobs.log_lines("Processing", name)) - {"command ends"}
    assert not is_running(int(child))


@pytest.mark.parametrize("how", ["stop", "max runtime"])
def test_a_child_beyond_reach_is_ended_with_its_job(jobs: Jobs, how: str) -> None:
    """Neither SIGTERM nor a search finds it; a stopped job and one past its time take it with them."""
    script = f"{ESCAPING}import time\nprint('ready', flush=True)\ntime.sleep(600)"
    limit = {"StoppingCondition": {"MaxRuntimeInSeconds": 3 if how == "max runtime" else 600}}
    name = jobs.start_processing(script, **limit)
    until(lambda: len(jobs.log_lines("Processing", name)) == 2, what="both to run")
    if how == "stop":
        jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Stopped"
    (child,) = set(jobs.log_lines("Processing", name)) - {"ready"}
    assert not is_running(int(child))


def test_an_unknown_command_names_itself_and_the_image(jobs: Jobs) -> None:
    """A command the image does not have fails the job with both names in the reason."""
    app = {"ImageUri": "busybox:1", "ContainerEntrypoint": ["no-such-command"]}
    reason = jobs.process("pass", AppSpecification=app)["FailureReason"]
    assert "'no-such-command'" in reason
    assert "'busybox:1'" in reason


def test_without_an_entrypoint_the_job_fails_clearly(jobs: Jobs) -> None:
    """An image has no entrypoint of its own here, and the reason says which field to set."""
    reason = jobs.process("pass", AppSpecification={"ImageUri": "busybox:1"})["FailureReason"]
    assert "set AppSpecification.ContainerEntrypoint" in reason


def test_a_terminal_status_comes_with_all_the_rest(jobs: Jobs) -> None:
    """Whoever sees Completed sees the end time and the reasonless description with it."""
    ended = jobs.process("pass")
    assert ended["RoleArn"] == ROLE
    assert ended["CreationTime"] <= ended["ProcessingStartTime"] <= ended["ProcessingEndTime"]
    assert ended["LastModifiedTime"] == ended["ProcessingEndTime"]
