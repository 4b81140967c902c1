"""Row 8: AWS takes a spot instance back while a model is fitted on it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from perennial.failures import PassingError

from include.specs import reports
from include.specs.job import StepResources
from include.specs.model import Estimator
from include.specs.reports import ModelManifest
from tests.faults.aws_rows import ready, started
from tests.faults.flow import Flow, Run
from tests.shared.localaws_process import until

pytestmark = pytest.mark.row(
    8,
    "spot interruption",
    "training resumes from its checkpoint; MaxWait holds; the model is the same as without it",
)
# Long enough to be interrupted after its first checkpoint.
TREES = Estimator(
    path="sklearn.ensemble.HistGradientBoostingClassifier",
    hyperparameters={"max_iter": 2000, "max_leaf_nodes": 4, "learning_rate": 0.001, "early_stopping": False},
    checkpoint_every=50_000,
)
SPOT = StepResources(spot=True, max_run_s=600, max_wait_s=900)


def test_an_interrupted_training_ends_with_the_same_model(flow: Flow) -> None:
    """It goes on from its checkpoint on the next instance, as one job, and its model is that of a run left in peace.

    Fails when the request has no CheckpointConfig or another MaxWaitTimeInSeconds than the spec's
    (`aws_requests.train`), or a checkpoint is not looked for (`include.ml.training.fit`).
    """
    features = dict.fromkeys(("tenure", "MonthlyCharges", "TotalCharges"), "as_is")
    spec = replace(flow.spec, estimator=TREES, features=features, step_resources={"train": SPOT})
    flow = Flow(spec=spec, place=flow.place)
    disturbed = ready(flow, before="train", run_id="manual__disturbed")
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(disturbed.execute, "candidate.train")
        until(lambda: training.done() or _has_checkpoint(flow), what="a checkpoint")
        assert _has_checkpoint(flow), training.result()
        [job] = started(flow, "train")
        status, _ = flow.place.server.admin("POST", f"/sagemaker/training-jobs/{job}/interrupt?outage_seconds=1")
        assert status == 202
        training.result()
    log = _log(flow, job)
    described = flow.place.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert "Interrupted" in [each["Status"] for each in described["SecondaryStatusTransitions"]]
    assert "continuing from the checkpoint" in log
    assert described["StoppingCondition"]["MaxWaitTimeInSeconds"] == 900
    peaceful = ready(flow, before="evaluate", run_id="manual__peaceful")
    assert _content(flow, disturbed) == _content(flow, peaceful)


def test_a_training_that_waits_too_long_for_capacity_is_stopped(flow: Flow) -> None:
    """MaxWait holds: the job ends when its time is over and not when the outage is. That is a lack of capacity.

    Fails when the request has no MaxWaitTimeInSeconds (`aws_requests.train`), or when `fault_of` (`perennial.outcomes`)
    takes such an end for one that somebody else made.
    """
    hurried = replace(SPOT, max_run_s=15, max_wait_s=15)
    flow = Flow(spec=replace(flow.spec, estimator=TREES, step_resources={"train": hurried}), place=flow.place)
    run = ready(flow, before="train")
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(run.execute, "candidate.train")
        until(lambda: training.done() or _is_training(flow), what="the training")
        [job] = started(flow, "train")
        status, _ = flow.place.server.admin("POST", f"/sagemaker/training-jobs/{job}/interrupt?outage_seconds=600")
        assert status == 202
        with pytest.raises(PassingError, match="stopped: MaxWaitTimeExceeded"):
            training.result()
    [failure] = flow.failures()
    assert (failure.fault, failure.retried) == ("capacity", True)


def _is_training(flow: Flow) -> bool:
    sagemaker = flow.place.client("sagemaker")
    found = [sagemaker.describe_training_job(TrainingJobName=job) for job in started(flow, "train")]
    return [job["SecondaryStatus"] for job in found] == ["Training"]


def _has_checkpoint(flow: Flow) -> bool:
    return any(key.endswith(".skops") for key in flow.keys("checkpoints"))


def _log(flow: Flow, job: str) -> str:
    """What the job has said on all of its instances, each of which has a stream of its own."""
    logs, group = flow.place.client("logs"), "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    found = [
        logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
        for stream in streams
    ]
    return "\n".join(event["message"] for events in found for event in events)


def _content(flow: Flow, run: Run) -> str:
    """The digest of what the run's model says, once it is evaluated."""
    run.execute("candidate.evaluate")
    prefix = str(run.results["resolve"]["config_key"]).removesuffix("run.json")
    return flow.read_as(ModelManifest, prefix + reports.CANDIDATE).content_sha256
