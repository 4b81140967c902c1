"""Jobs are named by module and find their files by channel."""

import importlib.util

import pytest

from include.specs import codec, reports
from include.specs.drift import DRIFT
from include.specs.errors import SpecError
from include.specs.job import CONFIG_CHANNEL, STEPS, JobStep, StepResources
from include.specs.performance import PERFORMANCE


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_step_names_a_module_that_exists(step: JobStep) -> None:
    """Orchestration never imports it, so nothing else would notice."""
    assert importlib.util.find_spec(step.module) is not None


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_step_reads_its_configuration(step: JobStep) -> None:
    """And what is optional is among what it reads."""
    assert CONFIG_CHANNEL in step.inputs
    assert set(step.optional) <= set(step.inputs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance_type": "m5.large"}, "instance_type must be a SageMaker instance type"),
        ({"fallback_instance_types": ("ml.m5.xlarge", "m5.large")}, r"instance_type must .*got 'm5\.large'"),
        ({"instance_count": 2}, "instance_count must be 1"),
        ({"volume_gb": 0}, "volume_gb must be positive"),
        ({"max_run_s": 0}, "max_run_s must be positive"),
        ({"max_run_s": 100, "max_wait_s": 99}, r"max_wait_s must be at least max_run_s \(100\), got 99"),
    ],
)
def test_resources_that_sagemaker_would_refuse_are_refused(changes: dict[str, object], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SpecError, match=message):
        StepResources(**changes)  # type: ignore[arg-type]  # what is under test


def test_instance_types_come_in_the_order_in_which_they_are_asked_for() -> None:
    """The one that is wanted, then the fallbacks; by default there are none."""
    some = StepResources(instance_type="ml.m5.large", fallback_instance_types=("ml.m5.xlarge", "ml.c5.large"))
    assert some.instance_types == ("ml.m5.large", "ml.m5.xlarge", "ml.c5.large")
    assert StepResources(instance_type="ml.m5.large").instance_types == ("ml.m5.large",)


def test_fallbacks_travel_with_the_spec() -> None:
    """A job reads the configuration that a task has written."""
    some = StepResources(fallback_instance_types=("ml.m5.xlarge",))
    assert codec.decode(StepResources, codec.encode(some), source="run.json") == some


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.name)
def test_what_a_job_leaves_is_of_its_outputs(step: JobStep) -> None:
    """By folder, and by the names that its readers know."""
    assert all(name.partition("/")[0] in step.outputs for name in step.leaves)
    assert bool(step.leaves) == bool(step.outputs)
    files = {name.partition("/")[2] for name in step.leaves} - {""}
    assert files <= {reports.INGESTION, reports.GATE, reports.BASELINE_STATISTICS, DRIFT, PERFORMANCE}
