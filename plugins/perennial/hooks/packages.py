"""The model registry: versions of a model package group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from perennial.hooks.aws import client
from perennial.hooks.jobs import is_not_found


class Packages:
    """The model packages of an account and region."""

    def __init__(self, *, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or client("sagemaker")

    def versions(self, group: str) -> list[dict[str, Any]]:
        """All versions of a group, newest first, described; empty where there is no such group yet."""
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
        )
        try:
            arns = [summary["ModelPackageArn"] for page in pages for summary in page["ModelPackageSummaryList"]]
        except ClientError as error:
            if is_not_found(error) or "does not exist" in error.response["Error"]["Message"]:
                return []
            raise
        return [self._describe(arn) for arn in arns]

    def of_run(self, group: str, run_id: str) -> dict[str, Any] | None:
        """The version that has this run id in its metadata (see `registry.allowed`); None where there is none."""
        of_run = (
            p for p in self.versions(group) if p.get("CustomerMetadataProperties", {}).get("airflow_run_id") == run_id
        )
        return next(of_run, None)

    def ensure_group(self, request: Mapping[str, Any]) -> None:
        """Create the group unless it is there."""
        try:
            self._sagemaker.describe_model_package_group(ModelPackageGroupName=request["ModelPackageGroupName"])
        except ClientError as error:
            if not (is_not_found(error) or "does not exist" in error.response["Error"]["Message"]):
                raise
            self._create_group(request)

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Register a version, and describe it."""
        return self._describe(self._sagemaker.create_model_package(**request)["ModelPackageArn"])

    def _create_group(self, request: Mapping[str, Any]) -> None:
        try:
            self._sagemaker.create_model_package_group(**request)
        except ClientError as error:
            # Another run was faster: the group is there, which is all that was wanted.
            if "already exists" not in error.response["Error"]["Message"].lower():
                raise

    def _describe(self, arn: str) -> dict[str, Any]:
        described: dict[str, Any] = self._sagemaker.describe_model_package(ModelPackageName=arn)
        return described
