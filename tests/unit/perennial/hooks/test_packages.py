"""The model registry: versions of a model package group, with moto's SageMaker and botocore's stubber."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from perennial.hooks.packages import Packages

GROUP = {"ModelPackageGroupName": "churn", "ModelPackageGroupDescription": "d"}


def _package(run_id: str) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": "churn",
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"airflow_run_id": run_id},
    }


@pytest.fixture
def sagemaker(aws: SimpleNamespace) -> Any:  # noqa: ARG001 moto must be there first
    return boto3.client("sagemaker")


@pytest.fixture
def packages(sagemaker: Any) -> Packages:
    return Packages(sagemaker=sagemaker)


@pytest.fixture
def stubber() -> Iterator[Stubber]:
    with Stubber(boto3.client("sagemaker")) as stubber:
        yield stubber


def test_group_is_created_once(packages: Packages, sagemaker: Any) -> None:
    """The first run of a model makes its group; later runs find it."""
    for _ in range(2):
        packages.ensure_group(GROUP)
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["churn"]


def test_group_made_by_another_run_meanwhile(stubber: Stubber) -> None:
    """Two first runs at once: the slower one finds the group there, and goes on."""
    stubber.add_client_error("describe_model_package_group", "ValidationException", "ModelPackageGroup does not exist")
    stubber.add_client_error("create_model_package_group", "ValidationException", "Model Package Group already exists")
    Packages(sagemaker=stubber.client).ensure_group(GROUP)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("operation", ["describe_model_package_group", "create_model_package_group"])
def test_refused_group_is_an_error(stubber: Stubber, operation: str) -> None:
    """Not being allowed is not the same as being there."""
    if operation.startswith("create"):
        stubber.add_client_error("describe_model_package_group", "ValidationException", "does not exist")
    stubber.add_client_error(operation, "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        Packages(sagemaker=stubber.client).ensure_group(GROUP)


def test_versions_of_a_group_newest_first(packages: Packages) -> None:
    """Every version is described, with its metadata."""
    packages.ensure_group(GROUP)
    for run_id in ("r1", "r2"):
        packages.create(_package(run_id))
    found = [(each["ModelPackageVersion"], each["CustomerMetadataProperties"]) for each in packages.versions("churn")]
    assert sorted(found, key=lambda each: -each[0]) == [(2, {"airflow_run_id": "r2"}), (1, {"airflow_run_id": "r1"})]


def test_versions_are_asked_for_newest_first(stubber: Stubber) -> None:
    """The service sorts, and every page is read."""
    asked = {"ModelPackageGroupName": "churn", "SortBy": "CreationTime", "SortOrder": "Descending"}
    stubber.add_response("list_model_packages", {"ModelPackageSummaryList": [], "NextToken": "t"}, asked)
    stubber.add_response("list_model_packages", {"ModelPackageSummaryList": []}, {**asked, "NextToken": "t"})
    assert Packages(sagemaker=stubber.client).versions("churn") == []
    stubber.assert_no_pending_responses()


def test_no_group_has_no_versions(stubber: Stubber) -> None:
    """The first run of a model finds no versions, which is no error."""
    stubber.add_client_error("list_model_packages", "ValidationException", "ModelPackageGroup churn does not exist")
    assert Packages(sagemaker=stubber.client).versions("churn") == []


def test_unreadable_registry_is_an_error(stubber: Stubber) -> None:
    """A registry that cannot be read is not an empty one: no champion would then be compared with."""
    stubber.add_client_error("list_model_packages", "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        Packages(sagemaker=stubber.client).versions("churn")


def test_version_of_a_run(packages: Packages) -> None:
    """A run finds the version it has registered, and no other run's."""
    packages.ensure_group(GROUP)
    created = packages.create(_package("r1"))
    found = packages.of_run("churn", "r1")
    assert found is not None
    assert found["ModelPackageArn"] == created["ModelPackageArn"]
    assert packages.of_run("churn", "r2") is None
