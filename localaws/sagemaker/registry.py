"""The model registry: groups and their versioned packages made, changed and deleted, under SageMaker's rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from moto.sagemaker.utils import arn_formatter

from localaws.sagemaker.errors import Conflict, ValidationError
from localaws.sagemaker.packages import Package, PackageGroup

UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


_LOCK = threading.RLock()  # one for all registries: they are pickled, and each call takes microseconds


def _undivided[**P, T](method: Callable[P, T]) -> Callable[P, T]:
    """Between what a call looks up and what it writes nothing of another call happens."""

    @wraps(method)
    def alone(*arguments: P.args, **named: P.kwargs) -> T:
        with _LOCK:
            return method(*arguments, **named)

    return alone


@dataclass(kw_only=True)
class Registry:
    """One account's and region's model registry. Safe to use from any thread."""

    account: str
    region: str
    groups: dict[str, PackageGroup] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @_undivided
    def create_group(self, request: Mapping[str, Any], at: datetime) -> PackageGroup:
        """Make a group.

        Raises:
            ValidationError: there is one of that name, or of one that differs in case alone: the ARNs of their
                versions, which are in lower case, would be the same.
        """
        name = request["ModelPackageGroupName"]
        arn = self._arn("model-package-group", name)
        if name.lower() in map(str.lower, self.groups):
            raise ValidationError(f"Model Package Group already exists: {arn}")
        tags = list(request.get("Tags", []))
        group = PackageGroup(model_package_group_name=name, arn=arn, creation_time=at, request=request, tags=tags)
        self.groups[name] = group
        return group

    @_undivided
    def group(self, name_or_arn: str) -> PackageGroup:
        """The group of that name or ARN.

        Raises:
            ValidationError: there is none.
        """
        name = name_or_arn.rpartition("/")[2]
        if name not in self.groups:
            raise ValidationError(f"ModelPackageGroup {self._arn('model-package-group', name)} does not exist.")
        return self.groups[name]

    @_undivided
    def all_groups(self) -> list[PackageGroup]:
        """The groups as they are now, in the order in which they were made."""
        return list(self.groups.values())

    @_undivided
    def delete_group(self, name_or_arn: str) -> None:
        """Delete a group that has no versions left.

        Raises:
            ValidationError: there is none.
            Conflict: it has versions.
        """
        group = self.group(name_or_arn)
        names = {package.model_package_group_name for package in self.packages.values()}
        if group.model_package_group_name in names:
            raise Conflict(f"Model Package Group {group.arn} cannot be deleted because it contains model packages.")
        del self.groups[group.model_package_group_name]

    @_undivided
    def create(self, request: Mapping[str, Any], at: datetime) -> tuple[Package, bool]:
        """Register a package, and whether it is new: the same ClientToken and request give the same package.

        Raises:
            ValidationError: neither or both of name and group are given, the group does not exist, the name is taken.
            Conflict: the ClientToken was used with another request.
        """
        if earlier := self._earlier(request):
            return earlier, False
        package = (
            self._new_version(request, at) if "ModelPackageGroupName" in request else self._new_single(request, at)
        )
        self.packages[package.arn] = package
        if token := request.get("ClientToken"):
            self.tokens[token] = package.arn
        return package, True

    def _earlier(self, request: Mapping[str, Any]) -> Package | None:
        package = self.packages.get(self.tokens.get(request.get("ClientToken", ""), ""))
        if package is not None and package.request != request:
            raise Conflict(f"The ClientToken {request['ClientToken']!r} was used with another request.")
        return package

    def _new_version(self, request: Mapping[str, Any], at: datetime) -> Package:
        if "ModelPackageName" in request:
            raise ValidationError(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
                "Cannot determine which one to use."
            )
        name = request["ModelPackageGroupName"].rpartition("/")[2]
        if name not in self.groups:
            raise ValidationError("Model Package Group does not exist.")
        group = self.groups[name]
        group.last_version += 1
        arn = self._arn("model-package", f"{name.lower()}/{group.last_version}")
        fields = {"ModelApprovalStatus": "PendingManualApproval", **request, "ModelPackageGroupName": name}
        return self._package(arn, request, fields, at, group=name, version=group.last_version)

    def _new_single(self, request: Mapping[str, Any], at: datetime) -> Package:
        if "ModelPackageName" not in request:
            raise ValidationError("Missing ARN.")
        arn = self._arn("model-package", request["ModelPackageName"].lower())
        if arn in self.packages:
            raise ValidationError(f"Model Package already exists: {arn}")
        return self._package(arn, request, dict(request), at)

    def _package(
        self,
        arn: str,
        request: Mapping[str, Any],
        fields: dict[str, Any],
        at: datetime,
        *,
        group: str | None = None,
        version: int | None = None,
    ) -> Package:
        return Package(
            arn=arn,
            model_package_group_name=group,
            version=version,
            creation_time=at,
            fields=fields,
            request=request,
            tags=list(request.get("Tags", [])),
        )

    @_undivided
    def package(self, name_or_arn: str) -> Package:
        """The package of that ARN, or the unversioned one of that name.

        Raises:
            ValidationError: there is none.
        """
        is_arn = name_or_arn.startswith("arn:")
        arn = name_or_arn if is_arn else self._arn("model-package", name_or_arn.lower())
        if arn not in self.packages:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return self.packages[arn]

    @_undivided
    def all_packages(self) -> list[Package]:
        """The packages of all groups and of none as they are now, in the order in which they were made."""
        return list(self.packages.values())

    @_undivided
    def update(self, request: Mapping[str, Any], at: datetime) -> Package:
        """Change what was sent, and nothing else. Customer metadata is merged by key."""
        package = self.package(request["ModelPackageArn"])
        fields = package.fields | {name: request[name] for name in UPDATABLE if name in request}
        removed = set(request.get("CustomerMetadataPropertiesToRemove", []))
        metadata = fields.get("CustomerMetadataProperties", {}) | request.get("CustomerMetadataProperties", {})
        if metadata:
            fields["CustomerMetadataProperties"] = {key: value for key, value in metadata.items() if key not in removed}
        if added := request.get("AdditionalInferenceSpecificationsToAdd"):
            present = fields.get("AdditionalInferenceSpecifications", [])
            fields["AdditionalInferenceSpecifications"] = [*present, *added]
        package.fields, package.modified = fields, at
        return package

    @_undivided
    def delete(self, name_or_arn: str) -> Package:
        """Delete a package; its version number is not used again."""
        return self.packages.pop(self.package(name_or_arn).arn)

    def _arn(self, resource: str, name: str) -> str:
        return arn_formatter(resource, name, self.account, self.region)
