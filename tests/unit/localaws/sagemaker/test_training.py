"""Training requests: how many instances they may ask for, and what the container is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from localaws.sagemaker import training
from localaws.sagemaker.errors import Unsupported
from localaws.sagemaker.records import TRAINING, JobRecord, JobState

START = datetime(2026, 1, 1, tzinfo=UTC)


def request(**resources: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": "any", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://lake/models"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "ResourceConfig": {"VolumeSizeInGB": 1, **resources},
    }


def group(name: str, count: int) -> dict[str, Any]:
    return {"InstanceGroupName": name, "InstanceType": "ml.c5.large", "InstanceCount": count}


@pytest.mark.parametrize(
    "resources",
    [
        {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        {"InstanceGroups": [group("a", 3)]},
        {"InstanceGroups": [group("a", 1), group("b", 1)]},
        {"InstanceGroups": [group("a", 0)]},
    ],
)
def test_more_than_one_instance_is_refused(resources: dict[str, Any]) -> None:
    """Whether asked for by a count or by groups."""
    with pytest.raises(Unsupported, match="several instances"):
        training.check(request(**resources))


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ({"InstanceType": "ml.m5.large", "InstanceCount": 1}, ("homogeneousCluster", "ml.m5.large")),
        ({"InstanceGroups": [group("workers", 1)]}, ("workers", "ml.c5.large")),
    ],
)
def test_the_container_is_told_of_its_instance(resources: dict[str, Any], told: tuple[str, str]) -> None:
    """Its type and its group's name, as the request has them."""
    training.check(asked := request(**resources))
    state = JobState(created=START, modified=START)
    record = JobRecord(kind=TRAINING, name="job", arn="arn:job", account="1", region="r", request=asked, state=state)
    config = training.config_files(record)["/opt/ml/input/config/resourceconfig.json"]
    assert (config["current_group_name"], config["current_instance_type"]) == told
    assert config["instance_groups"] == [
        {"instance_group_name": told[0], "instance_type": told[1], "hosts": ["algo-1"]}
    ]
