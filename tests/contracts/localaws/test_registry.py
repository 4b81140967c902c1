"""The model registry, over HTTP: groups, versions, approval, tags, and what is told on the event bus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import Server, unique, until

INFERENCE = {
    "Containers": [{"Image": "ml:latest", "ModelDataUrl": "s3://lake/models/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
SENT = {
    "InferenceSpecification": INFERENCE,
    "ModelApprovalStatus": "PendingManualApproval",
    "ModelPackageDescription": "churn",
    "ModelMetrics": {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://lake/evaluation.json"}}
    },
    "DriftCheckBaselines": {
        "ModelDataQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://lake/baseline.json"}}
    },
    "MetadataProperties": {"CommitId": "abc", "GeneratedBy": "training"},
    "CustomerMetadataProperties": {"owner": "me", "run": "1"},
}


@pytest.fixture
def sagemaker(server: Server) -> Any:
    """A SageMaker client."""
    return server.client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    """An empty group."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="a model")
    return name


def register(sagemaker: Any, group: str, **changes: Any) -> str:
    """Register a version; its ARN."""
    return str(sagemaker.create_model_package(**{"ModelPackageGroupName": group, **SENT, **changes})["ModelPackageArn"])


def test_a_group_exists_once(sagemaker: Any, group: str) -> None:
    """A second group of a name is refused with the words the provider's hook looks for."""
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"].startswith("Model Package Group already exists: arn:aws:sagemaker")


def test_a_group_is_described_as_it_was_made(sagemaker: Any, group: str) -> None:
    """Describe has what was sent, the ARN and the members that AWS always gives."""
    found = sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert found["ModelPackageGroupDescription"] == "a model"
    assert found["ModelPackageGroupArn"].endswith(f":model-package-group/{group}")
    assert found["ModelPackageGroupStatus"] == "Completed"
    assert "CreatedBy" in found


def test_everything_that_was_sent_comes_back(sagemaker: Any, group: str) -> None:
    """Describe of a version returns each field of the request."""
    found = sagemaker.describe_model_package(ModelPackageName=register(sagemaker, group))
    assert {name: found[name] for name in SENT} == SENT
    assert found["ModelPackageVersion"] == 1
    assert found["ModelPackageGroupName"] == group
    assert found["ModelPackageStatus"] == "Completed"


def test_versions_count_up_and_are_not_given_twice(sagemaker: Any, group: str) -> None:
    """The next version follows the highest there ever was, also after a delete."""
    first, second = register(sagemaker, group), register(sagemaker, group)
    assert (first[-2:], second[-2:]) == ("/1", "/2")
    sagemaker.delete_model_package(ModelPackageName=second)
    assert register(sagemaker, group).endswith("/3")


def test_the_same_client_token_registers_once(sagemaker: Any, group: str) -> None:
    """A repeated request with its ClientToken gives the version of the first one; another request conflicts."""
    first = register(sagemaker, group, ClientToken="run-1")
    assert register(sagemaker, group, ClientToken="run-1") == first
    assert len(sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]) == 1
    with pytest.raises(sagemaker.exceptions.ConflictException):
        register(sagemaker, group, ClientToken="run-1", ModelPackageDescription="another")


def test_an_update_changes_only_what_was_sent(sagemaker: Any, group: str) -> None:
    """UpdateModelPackage leaves all other fields as they were, and merges customer metadata by key."""
    arn = register(sagemaker, group)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"run": "2", "gate": "register"},
        CustomerMetadataPropertiesToRemove=["owner"],
    )
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["ApprovalDescription"] == "good"
    assert found["CustomerMetadataProperties"] == {"run": "2", "gate": "register"}
    assert found["ModelMetrics"] == SENT["ModelMetrics"]
    assert found["LastModifiedTime"] >= found["CreationTime"]


def test_versions_are_listed_by_approval_newest_first_and_in_pages(sagemaker: Any, group: str) -> None:
    """ListModelPackages filters, sorts and pages."""
    arns = [register(sagemaker, group) for _ in range(3)]
    sagemaker.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    (entry,) = listed["ModelPackageSummaryList"]
    assert (entry["ModelPackageArn"], entry["ModelPackageGroupName"], entry["ModelPackageVersion"]) == (
        arns[1],
        group,
        2,
    )
    assert "ModelPackageName" not in entry  # who asks on with it fails on AWS
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        SortBy="CreationTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    found = [[entry["ModelPackageVersion"] for entry in page["ModelPackageSummaryList"]] for page in pages]
    assert found == [[3, 2], [1]]


def test_a_group_with_versions_is_not_deleted(sagemaker: Any, group: str) -> None:
    """A group goes when its versions have gone."""
    arn = register(sagemaker, group)
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"].endswith("does not exist.")


def test_tags_of_packages_and_groups(sagemaker: Any, group: str) -> None:
    """Tags are listed, replaced by key and deleted, on versions as on groups."""
    package = register(sagemaker, group, Tags=[{"Key": "a", "Value": "1"}])
    of_group = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    for arn in (package, of_group):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]


@pytest.mark.parametrize("operation", ["describe_model_package", "delete_model_package"])
def test_an_unknown_package_is_a_validation_exception(sagemaker: Any, group: str, operation: str) -> None:
    """A version that does not exist is refused by name."""
    arn = register(sagemaker, group).replace("/1", "/9")
    with pytest.raises(ClientError) as caught:
        getattr(sagemaker, operation)(ModelPackageName=arn)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", f"ModelPackage {arn} does not exist.")


def test_a_version_of_no_group_is_refused(sagemaker: Any) -> None:
    """The group must exist before its first version."""
    with pytest.raises(ClientError) as caught:
        register(sagemaker, unique("nowhere"))
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_an_approval_is_told_on_the_event_bus(server: Server, sagemaker: Any, group: str) -> None:
    """A rule on 'SageMaker Model Package State Change' delivers an approval to its queue, in AWS's shape."""
    sqs, events, name = server.client("sqs"), server.client("events"), unique("approvals")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"]},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    package = register(sagemaker, group)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), what="the event")
    event = json.loads(message["Body"])
    assert event["resources"] == [package]
    assert event["source"] == "aws.sagemaker"
    assert event["detail"]["ModelPackageArn"] == package
    assert event["detail"]["ModelPackageVersion"] == 1
    assert event["detail"]["CreationTime"].endswith("Z")
