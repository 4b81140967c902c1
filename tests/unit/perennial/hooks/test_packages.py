"""The model registry: versions of a model package group, with moto's SageMaker and botocore's stubber."""

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from perennial import retries
from perennial.failures import PassingError
from perennial.hooks.packages import Packages
from perennial.registry import BUCKET_TAG

from include.specs.errors import ReportError

NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
GROUP = {
    "ModelPackageGroupName": "churn",
    "ModelPackageGroupDescription": "d",
    "Tags": [{"Key": "model", "Value": "churn"}, {"Key": BUCKET_TAG, "Value": "lake"}],
}
GROUP_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn"


def _package(run: str, *, bucket: str = "lake") -> dict[str, Any]:
    container = {"Image": "ml", "ModelDataUrl": f"s3://{bucket}/models/churn/{run}/job/output/model.tar.gz"}
    return {
        "ModelPackageGroupName": "churn",
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {"Containers": [container], "SupportedContentTypes": ["text/csv"]},
        "CustomerMetadataProperties": {"run": run, "airflow_run_id": "manual__1", "model_sha256": "c" * 64},
    }


def _arn(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/{version}"


def _summary(version: int, *, created: dt.datetime = NOW) -> dict[str, Any]:
    return {
        "ModelPackageArn": _arn(version),
        "ModelPackageVersion": version,
        "CreationTime": created,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
    }


def _description(version: int, run: str) -> dict[str, Any]:
    status = {"ModelPackageName": "churn", "ModelPackageStatusDetails": {"ValidationStatuses": []}}
    return {**_summary(version), **status, "CustomerMetadataProperties": {"run": run}}


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
    _known_group(stubber, "lake")
    Packages(sagemaker=stubber.client).ensure_group(GROUP)
    stubber.assert_no_pending_responses()


def _known_group(stubber: Stubber, bucket: str | None) -> None:
    """What is asked of a group that is there, which has been of that bucket since it was made."""
    description = {
        "ModelPackageGroupName": "churn",
        "ModelPackageGroupArn": GROUP_ARN,
        "CreationTime": NOW,
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }
    stubber.add_response("describe_model_package_group", description, {"ModelPackageGroupName": "churn"})
    more = [{"Key": BUCKET_TAG, "Value": bucket}] if bucket else []
    # Tags come in pages.
    stubber.add_response("list_tags", {"Tags": [{"Key": "model", "Value": "churn"}], "NextToken": "t"})
    stubber.add_response("list_tags", {"Tags": more}, {"ResourceArn": GROUP_ARN, "NextToken": "t"})


def test_group_of_another_deployment_is_refused(packages: Packages) -> None:
    """Whoever made the group has it; the error says whose it is, and what the two can do."""
    packages.ensure_group(GROUP)
    words = r"group churn to be of the data bucket other-lake, its tag perennial:bucket says lake: .*group_suffix"
    with pytest.raises(ReportError, match=words):
        packages.require_own("churn", bucket="other-lake")
    with pytest.raises(ReportError, match=words):
        packages.ensure_group(GROUP | {"Tags": [{"Key": BUCKET_TAG, "Value": "other-lake"}]})


def test_group_that_another_deployment_made_meanwhile_is_refused(stubber: Stubber) -> None:
    """Two first runs at once, of two deployments: the slower one does not take the other's group for its own."""
    stubber.add_client_error("describe_model_package_group", "ValidationException", "ModelPackageGroup does not exist")
    stubber.add_client_error("create_model_package_group", "ValidationException", "Model Package Group already exists")
    _known_group(stubber, "other-lake")
    with pytest.raises(ReportError, match="says other-lake"):
        Packages(sagemaker=stubber.client).ensure_group(GROUP)


def test_group_from_before_groups_said_whose_they_are_is_used(packages: Packages, sagemaker: Any) -> None:
    """It is nobody's, and is not taken from whoever else uses it either."""
    arn = sagemaker.create_model_package_group(ModelPackageGroupName="churn")["ModelPackageGroupArn"]
    packages.ensure_group(GROUP)
    assert packages.require_own("churn", bucket="lake")
    assert packages.require_own("churn", bucket="other-lake")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_no_group_is_nobodys(packages: Packages) -> None:
    """The first run of a model may make it."""
    assert not packages.require_own("churn", bucket="lake")


@pytest.mark.parametrize("operation", ["describe_model_package_group", "create_model_package_group"])
def test_refused_group_is_an_error(stubber: Stubber, operation: str) -> None:
    """Not being allowed is not the same as being there."""
    if operation.startswith("create"):
        stubber.add_client_error("describe_model_package_group", "ValidationException", "does not exist")
    stubber.add_client_error(operation, "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        Packages(sagemaker=stubber.client).ensure_group(GROUP)


def test_versions_of_a_group_newest_first(packages: Packages) -> None:
    """Each version is there, with what a champion is chosen by."""
    packages.ensure_group(GROUP)
    for run in ("r1", "r2"):
        packages.create(_package(run))
    found = list(packages.versions("churn"))
    assert [each["ModelPackageVersion"] for each in found] == [2, 1]
    assert {(each["ModelApprovalStatus"], each["ModelPackageStatus"]) for each in found} == {
        ("PendingManualApproval", "Completed")
    }


def test_versions_are_asked_for_newest_first(stubber: Stubber) -> None:
    """The service sorts, every page is read, as large as there are, and no version is asked for by itself."""
    _page(stubber, 2, more=True)
    _page(stubber, 1, token="t")
    found = [each["ModelPackageVersion"] for each in Packages(sagemaker=stubber.client).versions("churn")]
    assert found == [2, 1]
    stubber.assert_no_pending_responses()


def _page(stubber: Stubber, *versions: int, created: dt.datetime = NOW, more: bool = False, token: str = "") -> None:
    asked = {"ModelPackageGroupName": "churn", "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
    answer = {"ModelPackageSummaryList": [_summary(version, created=created) for version in versions]}
    stubber.add_response(
        "list_model_packages",
        answer | ({"NextToken": "t"} if more else {}),
        asked | ({"NextToken": token} if token else {}),
    )


def test_no_group_has_no_versions(stubber: Stubber) -> None:
    """The first run of a model finds no versions, which is no error."""
    stubber.add_client_error("list_model_packages", "ValidationException", "ModelPackageGroup churn does not exist")
    assert list(Packages(sagemaker=stubber.client).versions("churn")) == []


def test_unreadable_registry_is_an_error(stubber: Stubber) -> None:
    """A registry that cannot be read is not an empty one: no champion would then be compared with."""
    stubber.add_client_error("list_model_packages", "AccessDeniedException", "User is not authorized")
    with pytest.raises(ClientError, match="not authorized"):
        list(Packages(sagemaker=stubber.client).versions("churn"))


def test_version_of_a_run(packages: Packages) -> None:
    """A run finds the version it has registered, and no other run's."""
    packages.ensure_group(GROUP)
    created = packages.create(_package("r1"))
    found = packages.of_run("churn", "r1", bucket="lake", since=LONG_AGO)
    assert found is not None
    assert found["ModelPackageArn"] == created["ModelPackageArn"]
    assert packages.of_run("churn", "r2", bucket="lake", since=LONG_AGO) is None


def test_version_of_a_run_of_that_name_elsewhere_is_another(packages: Packages) -> None:
    """Scheduled runs have the same names everywhere; a version is of the run whose data bucket holds its model."""
    packages.ensure_group(GROUP)
    created = {bucket: packages.create(_package("r1", bucket=bucket)) for bucket in ("lake", "lake-2", "lake")}
    for bucket, expected in created.items():
        found = packages.of_run("churn", "r1", bucket=bucket, since=LONG_AGO)
        assert found is not None
        assert found["ModelPackageArn"] == expected["ModelPackageArn"]
    assert packages.of_run("churn", "r1", bucket="lak", since=LONG_AGO) is None


def test_version_of_a_run_is_not_sought_before_the_run(stubber: Stubber) -> None:
    """However many versions there are, those from before the run are neither described nor listed further."""
    stubber.add_response(
        "list_model_packages",
        {
            "ModelPackageSummaryList": [_summary(9), _summary(8, created=NOW - dt.timedelta(days=1))],
            "NextToken": "t",
        },
    )
    stubber.add_response("describe_model_package", _description(9, "r9"), {"ModelPackageName": _arn(9)})
    assert Packages(sagemaker=stubber.client).of_run("churn", "r8", bucket="lake", since=NOW) is None
    stubber.assert_no_pending_responses()


def test_version_of_a_run_is_found_though_clocks_differ(stubber: Stubber) -> None:
    """SageMaker's clock may be behind that of Airflow."""
    _page(stubber, 9, created=NOW - dt.timedelta(minutes=10))
    stubber.add_response("describe_model_package", _description(9, "r9"), {"ModelPackageName": _arn(9)})
    found = Packages(sagemaker=stubber.client).of_run("churn", "r9", bucket="lake", since=NOW)
    assert found is not None
    assert found["ModelPackageVersion"] == 9


TOKENED = {"ModelPackageGroupName": "churn", "ClientToken": "a" * 36}
LOST = r"this run has registered a version in churn before, which is not there: .*trigger a new run"


def test_token_of_another_request_is_explained(stubber: Stubber) -> None:
    """The run's version was deleted, and the run came out otherwise since; or another try was faster, and has it."""
    stubber.add_client_error("create_model_package", "ConflictException", "The token was used with another request")
    with pytest.raises(PassingError, match=LOST) as lost:
        Packages(sagemaker=stubber.client).create(TOKENED)
    assert lost.value.fault is retries.UNKNOWN


def test_token_of_a_deleted_version_is_explained(stubber: Stubber) -> None:
    """SageMaker answers with what it made then, and knows of no such version."""
    stubber.add_response("create_model_package", {"ModelPackageArn": _arn(9)}, TOKENED)
    stubber.add_client_error("describe_model_package", "ValidationException", f"ModelPackage {_arn(9)} does not exist.")
    with pytest.raises(PassingError, match=LOST):
        Packages(sagemaker=stubber.client).create(TOKENED)


@pytest.mark.parametrize("operation", ["create_model_package", "describe_model_package"])
def test_refused_version_is_its_own_error(stubber: Stubber, operation: str) -> None:
    """Nothing was lost: a group that is not there, or what the role may not do, says so itself."""
    message = "Model Package Group does not exist." if operation.startswith("create") else "Model is malformed"
    if operation.startswith("describe"):
        stubber.add_response("create_model_package", {"ModelPackageArn": _arn(9)}, TOKENED)
    stubber.add_client_error(operation, "ValidationException", message)
    with pytest.raises(ClientError, match=message):
        Packages(sagemaker=stubber.client).create(TOKENED)
