"""Validation: what SageMaker's own model says of a request."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.sagemaker.errors import ValidationError
from localaws.sagemaker.validation import check

GROUP = {"ModelPackageGroupName": "churn"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Missing required parameter"),
        (GROUP | {"Colour": "red"}, "Unknown parameter"),
        ({"ModelPackageGroupName": 1}, "Invalid type"),
        ({"ModelPackageGroupName": "under_score"}, "regular expression pattern"),
        (GROUP | {"ModelPackageGroupDescription": "x" * 1025}, "length less than or equal to 1024"),
        (GROUP | {"Tags": [{"Key": "k", "Value": "v"}] * 51}, "length less than or equal to 50"),
    ],
)
def test_a_wrong_request_is_refused(request_: dict[str, Any], words: str) -> None:
    """Each kind of violation is told."""
    with pytest.raises(ValidationError, match=words):
        check("CreateModelPackageGroup", request_, constraints=True)


def test_a_right_request_passes() -> None:
    """Nothing is raised."""
    check("CreateModelPackageGroup", GROUP, constraints=True)


def test_lenient_checks_members_and_types_only() -> None:
    """Without constraints a value may break its pattern, and a field still must exist."""
    check("CreateModelPackageGroup", {"ModelPackageGroupName": "under_score"}, constraints=False)
    with pytest.raises(ValidationError, match="Unknown parameter"):
        check("CreateModelPackageGroup", GROUP | {"Colour": "red"}, constraints=False)


def test_an_enumeration_is_told_with_its_values() -> None:
    """The answer lists what would have been accepted."""
    with pytest.raises(ValidationError, match=r"Member must satisfy enum value set: .*Approved"):
        check("ListModelPackages", {"ModelApprovalStatus": "Perhaps"}, constraints=True)
