"""Jobs are named by module and find their files by channel."""

import importlib.util

import pytest

from include.specs.errors import SpecError
from include.specs.job import CONFIG_CHANNEL, STEPS, JobStep, StepResources


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
        ({"instance_count": 2}, "instance_count must be 1"),
        ({"volume_gb": 0}, "volume_gb must be positive"),
        ({"max_run_s": 0}, "max_run_s must be positive"),
        ({"max_run_s": 100, "max_wait_s": 99}, r"max_wait_s must be at least max_run_s \(100\), got 99"),
    ],
)
def test_resources_that_sagemaker_would_refuse_are_refused(changes: dict[str, int | str], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SpecError, match=message):
        StepResources(**changes)  # type: ignore[arg-type]  # what is under test
