"""Validation: requests are checked against botocore's service model, as the service does: members, types, constraints.

A client that skips its own validation, or has an older model, then learns here what it would learn on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from localaws.sagemaker.errors import ValidationError


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """SageMaker's model, as boto3 has it."""
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def check(operation: str, request: Mapping[str, Any], *, constraints: bool) -> None:
    """Refuse a request that the service would not understand; with ``constraints``, also one it would not accept.

    Raises:
        ValidationError: with every violation in its message.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ValidationError(f"Parameter validation failed: {report.generate_report()}")
    if problems := list(violations(request, shape, path="")) if constraints else []:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ValidationError(f"{count}: {'; '.join(problems)}")


def violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Each violated constraint (pattern, enumeration, maximum), in AWS's words."""
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from violations(item, shape.members[name], _join(path, _lower(name)))
    elif isinstance(shape, ListShape):
        yield from _too_many(value, shape, path)
        for number, item in enumerate(value, start=1):
            yield from violations(item, shape.member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _too_many(value, shape, path)
        for key, item in value.items():
            yield from violations(key, shape.key, f"{path}.{key}.key")
            yield from violations(item, shape.value, f"{path}.{key}.value")
    else:
        yield from _scalar(value, shape, path)


def _scalar(value: Any, shape: Shape, path: str) -> Iterator[str]:
    limits = shape.metadata
    told = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if isinstance(shape, StringShape):
        if shape.enum and value not in shape.enum:
            yield f"{told} satisfy enum value set: [{', '.join(shape.enum)}]"
        if "max" in limits and len(value) > limits["max"]:
            yield f"{told} have length less than or equal to {limits['max']}"
        if "pattern" in limits and not _matches(limits["pattern"], value):
            yield f"{told} satisfy regular expression pattern: {limits['pattern']}"
    elif shape.type_name in {"integer", "long", "float", "double"} and "max" in limits and value > limits["max"]:
        yield f"{told} have value less than or equal to {limits['max']}"


def _too_many(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if "max" in shape.metadata and len(value) > shape.metadata["max"]:
        limit = shape.metadata["max"]
        yield f"Value at '{path}' failed to satisfy constraint: Member must have length less than or equal to {limit}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # Java's \\p{…} classes: not known to Python, so not checked
        return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
