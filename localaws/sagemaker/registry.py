"""The model registry: groups, their versioned packages, and what each was registered with.

Everything that was sent comes back on Describe: a package is its request, and what was changed since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.sagemaker.utils import arn_formatter

from localaws.sagemaker.errors import Conflict, ValidationError
from localaws.sagemaker.records import within

NOT_DESCRIBED = {"Tags", "ClientToken"}
UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
GROUP_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)


@dataclass(kw_only=True)
class PackageGroup:
    """A model package group. ``last_version`` never falls: the number of a deleted version is not given again."""

    model_package_group_name: str
    arn: str
    creation_time: datetime
    request: Mapping[str, Any]
    tags: list[dict[str, str]]
    last_version: int = 0

    def describe(self) -> dict[str, Any]:
        """DescribeModelPackageGroup's answer."""
        return {
            **{name: value for name, value in self.request.items() if name not in NOT_DESCRIBED},
            "ModelPackageGroupArn": self.arn,
            "CreationTime": self.creation_time,
            "ModelPackageGroupStatus": "Completed",
            "CreatedBy": {},
        }

    def gen_response_object(self) -> dict[str, Any]:
        """What moto's Search shows of the group."""
        return {**self.describe(), "Tags": self.tags}


@dataclass(kw_only=True)
class Package:
    """A model package. ``fields`` are what was sent, with what was changed since."""

    arn: str
    model_package_group_name: str | None
    version: int | None
    creation_time: datetime
    fields: dict[str, Any]
    request: Mapping[str, Any]
    tags: list[dict[str, str]]
    modified: datetime | None = None

    @property
    def name(self) -> str:
        """The package's name: the group's for a version."""
        return self.model_package_group_name or self.fields["ModelPackageName"]

    @property
    def model_package_name(self) -> str:
        """The name under which moto's Search looks for it."""
        return self.name

    @property
    def approval(self) -> str | None:
        """The approval status; only versions of a group have one unless it was sent."""
        return self.fields.get("ModelApprovalStatus")

    def describe(self) -> dict[str, Any]:
        """DescribeModelPackage's answer."""
        answer = {
            **{name: value for name, value in self.fields.items() if name not in NOT_DESCRIBED},
            "ModelPackageName": self.name,
            "ModelPackageVersion": self.version,
            "ModelPackageArn": self.arn,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.modified,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        }
        return {name: value for name, value in answer.items() if value is not None}

    def gen_response_object(self) -> dict[str, Any]:
        """What moto's Search shows of the package."""
        return {**self.describe(), "Tags": self.tags}


@dataclass(frozen=True, kw_only=True)
class PackageSelection:
    """Which packages a List call wants, in which order; by default the versions of no group are not shown."""

    group: str | None = None
    name_contains: str | None = None
    approval: str | None = None
    package_type: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    sort_by: str | None = None
    descending: bool = False

    def apply(self, packages: Sequence[Package]) -> list[Package]:
        """The selected packages, sorted."""
        chosen = [package for package in packages if self._matches(package)]
        return sorted(chosen, key=self._order, reverse=self.descending)

    def _order(self, package: Package) -> tuple[Any, ...]:
        version = package.version or 0
        return (package.name, version) if self.sort_by == "Name" else (package.creation_time, version)

    def _matches(self, package: Package) -> bool:
        return (
            (self.group is None or package.model_package_group_name == self.group)
            and (self.name_contains is None or self.name_contains.lower() in package.name.lower())
            and (self.approval is None or package.approval == self.approval)
            and self._type_matches(package)
            and within(package.creation_time, self.created_after, self.created_before)
        )

    def _type_matches(self, package: Package) -> bool:
        wanted = "Versioned" if self.group else self.package_type or "Unversioned"
        return wanted == "Both" or (wanted == "Versioned") == (package.version is not None)


@dataclass(kw_only=True)
class Registry:
    """One account's and region's model registry."""

    account: str
    region: str
    groups: dict[str, PackageGroup] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def create_group(self, request: Mapping[str, Any], at: datetime) -> PackageGroup:
        """Make a group.

        Raises:
            ValidationError: there is one of that name.
        """
        name = request["ModelPackageGroupName"]
        arn = self._arn("model-package-group", name)
        if name in self.groups:
            raise ValidationError(f"Model Package Group already exists: {arn}")
        tags = list(request.get("Tags", []))
        group = PackageGroup(model_package_group_name=name, arn=arn, creation_time=at, request=request, tags=tags)
        self.groups[name] = group
        return group

    def group(self, name_or_arn: str) -> PackageGroup:
        """The group of that name or ARN.

        Raises:
            ValidationError: there is none.
        """
        name = name_or_arn.rpartition("/")[2]
        if name not in self.groups:
            raise ValidationError(f"ModelPackageGroup {self._arn('model-package-group', name)} does not exist.")
        return self.groups[name]

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

    def delete(self, name_or_arn: str) -> Package:
        """Delete a package; its version number is not used again."""
        return self.packages.pop(self.package(name_or_arn).arn)

    def _arn(self, resource: str, name: str) -> str:
        return arn_formatter(resource, name, self.account, self.region)


def group_name(name_or_arn: str | None) -> str | None:
    """A group's name from its name or ARN.

    >>> group_name("arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn")
    'churn'
    """
    return re.sub(r"^arn:.*/", "", name_or_arn) if name_or_arn else None
