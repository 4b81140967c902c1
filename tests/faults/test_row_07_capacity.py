"""Row 7: AWS has no instance of the type that a job asks for."""

from dataclasses import replace
from typing import Any

import pytest
from perennial import retries
from perennial.failures import PassingError
from perennial.hooks.jobs import Jobs

from include.specs.job import StepResources
from tests.faults.aws_rows import ready, started
from tests.faults.flow import Flow

pytestmark = pytest.mark.row(
    7,
    "CapacityError as a job's FailureReason",
    "new generation, on the spec's fallback instance type if it names one",
)
REASON = "CapacityError: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
TWO = ("ml.c5.xlarge", "ml.m4.xlarge")


@pytest.mark.parametrize(
    ("step", "fallback"),
    [("preprocess", ()), ("preprocess", TWO), ("train", TWO)],
    ids=["preprocess-none", "preprocess-two", "train-two"],
)
def test_the_next_generation_asks_for_the_next_type(flow: Flow, step: str, fallback: tuple[str, ...]) -> None:
    """Each lack of capacity is a job that failed; another is started within the same try on the spec's next type.

    A try fails after the last type, and is followed, after a long wait, by one that begins with the first again.

    Fails when `_types` begins with the first whatever found no room before it, or `_start` joins a job that has failed
    (`perennial.operators.starting`), or `_has_elsewhere` knows of no other (`perennial.operators.jobs`).
    """
    wanted = ("ml.m5.large", *fallback)
    resources = StepResources(instance_type=wanted[0], fallback_instance_types=fallback)
    flow = Flow(spec=replace(flow.spec, step_resources={step: resources}), place=flow.place)
    run = ready(flow, before=step)
    flow.place.switch_on("job_failure", job=f"{flow.spec.name}-{step}-*", reason=REASON, times=3)
    for _ in range(3 // len(wanted)):
        with pytest.raises(PassingError, match="CapacityError") as failed:
            run.execute(f"candidate.{step}")
        assert failed.value.fault is retries.CAPACITY
    run.execute(f"candidate.{step}")
    names = started(flow, step)
    assert [name.removeprefix(names[0]) for name in names] == ["", "-2", "-3", "-4"]
    assert [_instance_type(flow, step, name) for name in names] == (list(wanted) * 4)[:4]


def test_a_type_that_the_account_may_not_run_leaves_it_a_lack_of_capacity(flow: Flow) -> None:
    """The try fails with what may pass, and the next one asks for the first type again, which has room by then.

    Fails when `_created` tells the quota, which is final, or `_start` goes by what another try has met
    (`perennial.operators.starting`).
    """
    resources = StepResources(instance_type="ml.m5.large", fallback_instance_types=TWO[:1])
    flow = Flow(spec=replace(flow.spec, step_resources={"preprocess": resources}), place=flow.place)
    run = ready(flow, before="preprocess")
    flow.place.switch_on("job_failure", job=f"{flow.spec.name}-preprocess-*", reason=REASON, times=1)
    flow.place.switch_on(
        "error",
        service="sagemaker",
        operation="CreateProcessingJob",
        code="ResourceLimitExceeded",
        message=f"The account-level service limit '{TWO[0]} for processing job usage' is 0 Instances",
        after=1,
        times=1,
    )
    with pytest.raises(PassingError, match="is 0 Instances") as failed:
        run.execute("candidate.preprocess")
    assert failed.value.fault is retries.CAPACITY
    run.execute("candidate.preprocess")
    names = started(flow, "preprocess")
    assert [_instance_type(flow, "preprocess", name) for name in names] == ["ml.m5.large"] * 2


@pytest.fixture
def _seen_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that was just asked for is under way: AWS needs minutes to find no capacity, and localaws no time."""
    create, describe, new = Jobs.create, Jobs.describe, set[str]()

    def created(self: Jobs, name: str, *request: Any, **owner: Any) -> bool:
        new.add(name)
        return create(self, name, *request, **owner)

    def described(self: Jobs, name: str) -> dict[str, Any] | None:
        job = describe(self, name)
        if job and name in new:
            new.remove(name)
            job[self.kind.status_field] = "InProgress"
        return job

    monkeypatch.setattr(Jobs, "create", created)
    monkeypatch.setattr(Jobs, "describe", described)


@pytest.mark.usefixtures("deferring", "_seen_later")
@pytest.mark.parametrize("step", ["preprocess", "train"])
def test_the_same_holds_where_the_triggerer_waits(flow: Flow, step: str) -> None:
    """A task that goes on after a wait, and finds that its job had no capacity, waits for another job in the same try.

    Fails when `execute_complete` does not ask `_has_elsewhere` (`perennial.operators.jobs`).
    """
    resources = StepResources(instance_type="ml.m5.large", fallback_instance_types=TWO)
    flow = Flow(spec=replace(flow.spec, step_resources={step: resources}), place=flow.place)
    run = ready(flow, before=step)
    flow.place.switch_on("job_failure", job=f"{flow.spec.name}-{step}-*", reason=REASON, times=2)
    task_id = f"candidate.{step}"
    run.execute(task_id)
    names = started(flow, step)
    assert [_instance_type(flow, step, name) for name in names] == ["ml.m5.large", *TWO]
    assert run.results[task_id]["job_name"] == names[-1]
    assert (run.tries[task_id].number, run.waited[task_id]) == (1, 3)


def _instance_type(flow: Flow, step: str, name: str) -> str:
    sagemaker = flow.place.client("sagemaker")
    if step == "train":
        return str(sagemaker.describe_training_job(TrainingJobName=name)["ResourceConfig"]["InstanceType"])
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    return str(job["ProcessingResources"]["ClusterConfig"]["InstanceType"])
