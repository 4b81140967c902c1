"""Model packages and their groups: what the registry holds, how it is described, and which of it a List call wants.

Everything that was sent comes back on Describe: a package is its request, and what was changed since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localaws.sagemaker.records import within

NOT_DESCRIBED = {"Tags", "ClientToken"}
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

    def order(self, *, by_name: bool) -> tuple[float | str, ...]:
        """What groups are sorted by; no two have the same."""
        name = self.model_package_group_name
        return (name,) if by_name else (self.creation_time.timestamp(), name)

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

    def summary(self) -> dict[str, Any]:
        """The package's entry in a list. SageMaker names there only what is no version of a group."""
        full = self.describe()
        return {
            name: full[name] for name in SUMMARY if name in full and (name != "ModelPackageName" or not self.version)
        }

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

    def order(self, package: Package) -> tuple[float | str, ...]:
        """What packages are sorted by; no two have the same."""
        first = package.name if self.sort_by == "Name" else package.creation_time.timestamp()
        return first, package.version or 0, package.arn

    def matches(self, package: Package) -> bool:
        """Whether a package is wanted."""
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


def group_name(name_or_arn: str | None) -> str | None:
    """A group's name from its name or ARN.

    >>> group_name("arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn")
    'churn'
    """
    return re.sub(r"^arn:.*/", "", name_or_arn) if name_or_arn else None
