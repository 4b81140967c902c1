"""Training on spot capacity, over HTTP: interruptions, what checkpoints save of the work, waiting for an instance."""

from __future__ import annotations

import urllib.error
import urllib.request

from tests.contracts.localaws.harness import SPOT, Jobs, statuses, unpacked, until

# Counts on from its checkpoint, says where it is, and dies of SIGTERM like any Python program.
COUNTING = (
    "import pathlib, time\n"
    "path = pathlib.Path('/opt/ml/checkpoints/epoch')\n"
    "start = int(path.read_text()) if path.exists() else 0\n"
    "print('starting at', start, flush=True)\n"
    "for epoch in range(start, 3):\n"
    "    path.write_text(str(epoch + 1))\n"
    "    print('epoch', epoch + 1, flush=True)\n"
    "    if epoch == 1 and start < 2:\n"
    "        time.sleep(600)\n"
    "pathlib.Path('/opt/ml/model/epochs').write_text(f'{start}..{epoch + 1}')\n"
)


def interrupt(jobs: Jobs, name: str, query: str = "") -> int:
    """The admin route's status code."""
    url = f"{jobs.server.endpoint}/_localaws/sagemaker/training-jobs/{name}/interrupt{query}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:  # noqa: S310  # our server
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(jobs: Jobs) -> None:
    """After a spot interruption the job starts again on a fresh disk, with its checkpoints back."""
    checkpoints = f"s3://{jobs.bucket}/checkpoints"
    name = jobs.start_training(COUNTING, **SPOT, CheckpointConfig={"S3Uri": checkpoints})
    jobs.wait_for_line("Training", name, "epoch 2")
    assert interrupt(jobs, name) == 202
    ended = jobs.trained(name)
    assert ended["TrainingJobStatus"] == "Completed", ended
    assert statuses(ended) == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    assert unpacked(jobs, ended["ModelArtifacts"]["S3ModelArtifacts"]) == {"epochs": "2..3"}
    assert jobs.text("checkpoints/epoch") == "3"
    assert "starting at 2" in jobs.log_lines("Training", name)


def test_without_checkpoints_an_interrupted_job_starts_anew(jobs: Jobs) -> None:
    """A spot job without CheckpointConfig loses its work with its instance."""
    name = jobs.start_training(COUNTING, **SPOT)
    jobs.wait_for_line("Training", name, "epoch 2")
    assert interrupt(jobs, name) == 202
    until(lambda: jobs.log_lines("Training", name).count("starting at 0") == 2, what="the second start")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    jobs.trained(name)


def test_checkpoints_reach_s3_while_the_job_runs(jobs: Jobs) -> None:
    """Checkpoints are uploaded all the while, so that a lost machine costs little."""
    name = jobs.start_training(COUNTING, CheckpointConfig={"S3Uri": f"s3://{jobs.bucket}/live"})
    until(lambda: "live/epoch" in jobs.keys("live"), what="the checkpoint")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    jobs.trained(name)


def test_waiting_too_long_for_capacity_stops_the_job(jobs: Jobs) -> None:
    """A spot job whose capacity does not come back within MaxWaitTimeInSeconds is Stopped, MaxWaitTimeExceeded."""
    limits = {"MaxRuntimeInSeconds": 3, "MaxWaitTimeInSeconds": 3}
    name = jobs.start_training(COUNTING, EnableManagedSpotTraining=True, StoppingCondition=limits)
    jobs.wait_for_line("Training", name, "epoch 2")
    assert interrupt(jobs, name, "?outage_seconds=600") == 202
    ended = jobs.trained(name)
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["SecondaryStatus"] == "MaxWaitTimeExceeded"


def test_only_spot_jobs_that_train_can_be_interrupted(jobs: Jobs) -> None:
    """The admin route refuses jobs that do not exist, do not run on spot capacity, or have ended."""
    assert interrupt(jobs, "nowhere") == 404
    on_demand = jobs.train("pass")["TrainingJobName"]
    assert interrupt(jobs, on_demand) == 409
    ended = jobs.train("pass", **SPOT)["TrainingJobName"]
    assert interrupt(jobs, ended) == 409
