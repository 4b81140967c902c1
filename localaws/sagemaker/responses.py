"""Responses: SageMaker's operations that are ours, from the request's JSON to the answer; all others are moto's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from localaws.sagemaker import events, processing, records, training, validation
from localaws.sagemaker.backend import LocalSageMakerBackend
from localaws.sagemaker.packages import GROUP_SUMMARY, Package, PackageSelection, group_name
from localaws.sagemaker.paging import page
from localaws.sagemaker.records import PROCESSING, TRAINING, JobKind, JobRecord, Selection


class LocalSageMakerResponse(SageMakerResponse):
    """Each method answers the operation of its name."""

    @property
    def backend(self) -> LocalSageMakerBackend:
        """The backend of the request's account and region."""
        return cast("LocalSageMakerBackend", sagemaker_backends[self.current_account][self.region])

    @property
    def request(self) -> dict[str, Any]:
        """The request as it was sent: moto's parsing drops what it does not know."""
        return dict(json.loads(self.body or "{}"))

    def call_action(self) -> TYPE_RESPONSE:
        """Check the request as the service would, then answer it."""
        try:
            validation.check(self._get_action(), self.request, constraints=self.backend.runtime.machine.constraints)
        except ServiceException as error:
            status, headers, body = self.serialized(ActionResult(error))
            return status, {**headers, "status": str(status)}, body
        return super().call_action()

    def now(self) -> datetime:
        """The server's clock."""
        return self.backend.runtime.machine.clock()

    def create_processing_job(self) -> ActionResult:
        return self._create_job(PROCESSING)

    def create_training_job(self) -> ActionResult:
        return self._create_job(TRAINING)

    def _create_job(self, kind: JobKind) -> ActionResult:
        record = self.backend.create_job(kind, self.request, access_key=self.access_key)
        return ActionResult({kind.field_name("JobArn"): record.arn})

    def describe_processing_job(self) -> ActionResult:
        return ActionResult(processing.describe(self._job(PROCESSING)))

    def describe_training_job(self) -> ActionResult:
        return ActionResult(training.describe(self._job(TRAINING)))

    def _job(self, kind: JobKind) -> JobRecord:
        return self.backend.job(kind, self.request[kind.field_name("JobName")])

    def stop_processing_job(self) -> ActionResult:
        return self._stop_job(PROCESSING)

    def stop_training_job(self) -> ActionResult:
        return self._stop_job(TRAINING)

    def _stop_job(self, kind: JobKind) -> ActionResult:
        self.backend.stop_job(kind, self.request[kind.field_name("JobName")])
        return EmptyResult()

    def list_processing_jobs(self) -> ActionResult:
        return self._list_jobs(PROCESSING, records.summary)

    def list_training_jobs(self) -> ActionResult:
        return self._list_jobs(TRAINING, training.summarise)

    def _list_jobs(self, kind: JobKind, summarise: Callable[[JobRecord], dict[str, Any]]) -> ActionResult:
        request = self.request
        selection = Selection(
            name_contains=request.get("NameContains"),
            status=request.get("StatusEquals"),
            created_after=_moment(request.get("CreationTimeAfter")),
            created_before=_moment(request.get("CreationTimeBefore")),
            modified_after=_moment(request.get("LastModifiedTimeAfter")),
            modified_before=_moment(request.get("LastModifiedTimeBefore")),
            sort_by=request.get("SortBy"),
        )
        # SageMaker takes a page of all jobs and then shows what is wanted of it: a page may be empty, and have a next.
        found, token = page(list(self.backend.jobs(kind).values()), request, order=selection.order)
        return ActionResult(
            {kind.field_name("JobSummaries"): [summarise(r) for r in found if selection.matches(r)]} | token
        )

    def create_model_package_group(self) -> ActionResult:
        group = self.backend.registry.create_group(self.request, self.now())
        return ActionResult({"ModelPackageGroupArn": group.arn})

    def describe_model_package_group(self) -> ActionResult:
        return ActionResult(self.backend.registry.group(self.request["ModelPackageGroupName"]).describe())

    def delete_model_package_group(self) -> ActionResult:
        self.backend.registry.delete_group(self.request["ModelPackageGroupName"])
        return EmptyResult()

    def list_model_package_groups(self) -> ActionResult:
        request = self.request
        after, before = _moment(request.get("CreationTimeAfter")), _moment(request.get("CreationTimeBefore"))
        part = request.get("NameContains", "").lower()
        groups = [
            group
            for group in self.backend.registry.all_groups()
            if part in group.model_package_group_name.lower() and records.within(group.creation_time, after, before)
        ]
        by_name = request.get("SortBy") == "Name"
        found, token = page(groups, request, order=lambda group: group.order(by_name=by_name))
        return ActionResult(
            {"ModelPackageGroupSummaryList": [_pick(g.describe(), GROUP_SUMMARY) for g in found]} | token
        )

    def create_model_package(self) -> ActionResult:
        package, is_new = self.backend.registry.create(self.request, self.now())
        if is_new:
            self._tell(package)
        return ActionResult({"ModelPackageArn": package.arn})

    def describe_model_package(self) -> ActionResult:
        return ActionResult(self.backend.registry.package(self.request["ModelPackageName"]).describe())

    def update_model_package(self) -> ActionResult:
        package = self.backend.registry.update(self.request, self.now())
        self._tell(package)
        return ActionResult({"ModelPackageArn": package.arn})

    def delete_model_package(self) -> ActionResult:
        self.backend.registry.delete(self.request["ModelPackageName"])
        return EmptyResult()

    def list_model_packages(self) -> ActionResult:
        request = self.request
        selection = PackageSelection(
            group=group_name(request.get("ModelPackageGroupName")),
            name_contains=request.get("NameContains"),
            approval=request.get("ModelApprovalStatus"),
            package_type=request.get("ModelPackageType"),
            created_after=_moment(request.get("CreationTimeAfter")),
            created_before=_moment(request.get("CreationTimeBefore")),
            sort_by=request.get("SortBy"),
        )
        wanted = filter(selection.matches, self.backend.registry.all_packages())
        found, token = page(wanted, request, order=selection.order)
        return ActionResult({"ModelPackageSummaryList": [package.summary() for package in found]} | token)

    def _tell(self, package: Package) -> None:
        events.model_package_changed(self.current_account, self.region, package.arn, package.describe())


def _pick(full: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: full[name] for name in names if name in full}


def _moment(value: float | str | None) -> datetime | None:
    """A timestamp of the JSON protocol (seconds since the epoch; some clients send ISO 8601)."""
    if value is None:
        return None
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value)
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return datetime.fromtimestamp(value, UTC)
