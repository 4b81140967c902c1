"""What SageMaker would refuse of a request, by botocore's own model of it; and accounts that requests are made for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

SERVICE = botocore.session.get_session().get_service_model("sagemaker")
PLACES = {
    "plain": {},
    "vpc and kms": {
        "subnets": ("subnet-0a1b2c3d", "subnet-0a1b2c3e"),
        "security_groups": ("sg-0a1b2c3d",),
        "kms_key": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    },
}


def refusals(shape: Shape, value: Any, at: str = "") -> Iterator[str]:
    """What the service would refuse of `value` that botocore lets pass: patterns, enumerations and upper limits."""
    most = shape.metadata.get("max")
    if most is not None and isinstance(value, dict | list | str) and len(value) > most:
        yield f"{at}: at most {most} long, got {len(value)}"
    if isinstance(shape, StringShape):
        yield from _string_refusals(shape, value, at)
    for part, item, where in _parts(shape, value, at):
        yield from refusals(part, item, where)


def _parts(shape: Shape, value: Any, at: str) -> Iterator[tuple[Shape, Any, str]]:
    if isinstance(shape, StructureShape):
        yield from ((shape.members[name], item, f"{at}.{name}") for name, item in value.items())
    elif isinstance(shape, ListShape):
        yield from ((shape.member, item, f"{at}[{i}]") for i, item in enumerate(value))
    elif isinstance(shape, MapShape):
        yield from ((shape.key, name, f"{at} key {name}") for name in value)
        yield from ((shape.value, item, f"{at}[{name}]") for name, item in value.items())


def _string_refusals(shape: StringShape, value: str, at: str) -> Iterator[str]:
    # Some patterns of the model end in a quantified anchor, `${1,256}`: a slip of their author's, meant as the length.
    pattern = regex.sub(r"\$\{[\d,]+\}$", "", shape.metadata.get("pattern", ".*"))
    if not regex.fullmatch(pattern, value, regex.DOTALL if pattern == ".*" else 0):
        yield f"{at}: expected {pattern}, got {value!r}"
    if shape.enum and value not in shape.enum:
        yield f"{at}: expected one of {len(shape.enum)} values, got {value!r}"


def check(operation: str, request: dict[str, Any]) -> None:
    """Fail with everything that the service would refuse of a request."""
    shape = SERVICE.operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert list(refusals(shape, request)) == []


def named(request: dict[str, Any], kind: str) -> dict[str, Any]:
    """The request as the operator sends it."""
    return {f"{kind}JobName": "churn-train-26fa1be354c3", "Environment": {"PERENNIAL_RUN": "a" * 64}, **request}
