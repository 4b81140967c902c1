"""The model registry: versions of a model package group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from include.specs.errors import ReportError
from perennial import registry, retries
from perennial.failures import failed
from perennial.hooks.aws import client
from perennial.hooks.jobs import is_not_found, tags_in

_PAGE_SIZE = 100  # SageMaker lists at most so many versions in a call
# By how much the clocks of Airflow and SageMaker may differ.
_CLOCK_SKEW = dt.timedelta(hours=1)


class Packages:
    """The model packages of an account and region."""

    def __init__(self, *, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or client("sagemaker")

    def versions(self, group: str) -> Iterator[dict[str, Any]]:
        """The versions of a group, newest first, page by page as they are read; none where there is no such group yet.

        Each is a summary: version, statuses, creation time. The rest, metadata above all, takes a `describe`.
        """
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": _PAGE_SIZE},
        )
        try:
            for page in pages:
                yield from page["ModelPackageSummaryList"]
        except ClientError as error:
            if not _is_absent(error):
                raise

    def describe(self, arn: str) -> dict[str, Any]:
        """All that the registry holds of a version."""
        described: dict[str, Any] = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return described

    def of_run(self, group: str, run: str, *, bucket: str, since: dt.datetime) -> dict[str, Any] | None:
        """The version that has `run` in its metadata, described; None where there is none.

        Args:
            bucket: the run's data bucket: in another there may be a run of the same name, which is scheduled as it is.
            since: before when the run cannot have registered anything.
        """
        recent = takewhile(lambda version: version["CreationTime"] > since - _CLOCK_SKEW, self.versions(group))
        described = (self.describe(version["ModelPackageArn"]) for version in recent)
        ours = (package for package in described if not registry.is_elsewhere(package, bucket))
        return next((package for package in ours if registry.run_of(package) == run), None)

    def ensure_group(self, request: Mapping[str, Any]) -> None:
        """Create the group unless it is there.

        Raises:
            ReportError: it is there, and another deployment's.
        """
        group, bucket = request["ModelPackageGroupName"], tags_in(request)[registry.BUCKET_TAG]
        if not self.require_own(group, bucket=bucket) and not self._created(request):
            # Another run was faster: of this deployment, or of another.
            self.require_own(group, bucket=bucket)

    def require_own(self, group: str, *, bucket: str) -> bool:
        """Refuse a group that another deployment has made; whether there is the group.

        One from before groups said whose they are is everybody's.

        Raises:
            ReportError: its tag names another bucket.
        """
        arn = self._arn(group)
        whose = arn and self._tags(arn).get(registry.BUCKET_TAG)
        if whose and whose != bucket:
            raise ReportError(
                f"expected the model package group {group} to be of the data bucket {bucket}, its tag "
                f"{registry.BUCKET_TAG} says {whose}: give one of the two deployments a perennial.group_suffix, "
                f"such as -dev; or, if this bucket has taken the other's place, set the tag to {bucket}"
            )
        return arn is not None

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Register a version, and describe it.

        Raises:
            PassingError: SageMaker knows the request's ClientToken, and the version that it stands for is not there.
        """
        try:
            return self.describe(self._sagemaker.create_model_package(**request)["ModelPackageArn"])
        except ClientError as error:
            if not _is_of_a_lost_version(error):
                raise
            group = request["ModelPackageGroupName"]
            # Another try may have registered it just now, and the next one finds it.
            raise failed(
                f"this run has registered a version in {group} before, which is not there: {error}; if somebody "
                "deleted it, it cannot be registered again: trigger a new run",
                retries.UNKNOWN,
            ) from error

    def _arn(self, group: str) -> str | None:
        try:
            found = self._sagemaker.describe_model_package_group(ModelPackageGroupName=group)
        except ClientError as error:
            if not _is_absent(error):
                raise
            return None
        return str(found["ModelPackageGroupArn"])

    def _tags(self, arn: str) -> dict[str, str]:
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {key: value for page in pages for key, value in tags_in(page).items()}

    def _created(self, request: Mapping[str, Any]) -> bool:
        try:
            self._sagemaker.create_model_package_group(**request)
        except ClientError as error:
            if "already exists" not in error.response["Error"]["Message"].lower():
                raise
            return False
        return True


def _is_absent(error: ClientError) -> bool:
    return is_not_found(error) or "does not exist" in error.response["Error"]["Message"]


def _is_of_a_lost_version(error: ClientError) -> bool:
    """Whether the token was used for another request, or for a version that is not there any more, or not seen yet."""
    if error.operation_name == "DescribeModelPackage":
        return _is_absent(error)
    return bool(error.response["Error"]["Code"] == "ConflictException")
