"""The model registry: versions of a model package group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from perennial.hooks.aws import client
from perennial.hooks.jobs import is_not_found

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
            if not _is_no_group(error):
                raise

    def describe(self, arn: str) -> dict[str, Any]:
        """All that the registry holds of a version."""
        described: dict[str, Any] = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return described

    def of_run(self, group: str, run: str, *, since: dt.datetime) -> dict[str, Any] | None:
        """The version that has `run` in its metadata, described; None where there is none.

        Args:
            since: before when the run cannot have registered anything.
        """
        recent = takewhile(lambda version: version["CreationTime"] > since - _CLOCK_SKEW, self.versions(group))
        described = (self.describe(version["ModelPackageArn"]) for version in recent)
        return next((p for p in described if p.get("CustomerMetadataProperties", {}).get("run") == run), None)

    def ensure_group(self, request: Mapping[str, Any]) -> None:
        """Create the group unless it is there."""
        try:
            self._sagemaker.describe_model_package_group(ModelPackageGroupName=request["ModelPackageGroupName"])
        except ClientError as error:
            if not _is_no_group(error):
                raise
            self._create_group(request)

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Register a version, and describe it."""
        return self.describe(self._sagemaker.create_model_package(**request)["ModelPackageArn"])

    def _create_group(self, request: Mapping[str, Any]) -> None:
        try:
            self._sagemaker.create_model_package_group(**request)
        except ClientError as error:
            # Another run was faster: the group is there, which is all that was wanted.
            if "already exists" not in error.response["Error"]["Message"].lower():
                raise


def _is_no_group(error: ClientError) -> bool:
    return is_not_found(error) or "does not exist" in error.response["Error"]["Message"]
