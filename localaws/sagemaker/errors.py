"""SageMaker's errors, under the codes that clients branch on."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ValidationError(ServiceException):
    """The request is malformed, or names something that does not exist."""

    code = "ValidationException"


class ResourceInUse(ServiceException):
    """The name is taken."""

    code = "ResourceInUse"


class ResourceNotFound(ServiceException):
    """What is named does not exist, for the operations that answer so."""

    code = "ResourceNotFound"


class Conflict(ServiceException):
    """The change contradicts what is there."""

    code = "ConflictException"


class Unsupported(ServiceException):
    """localaws does not do this."""

    code = "UnsupportedOperation"


def unsupported(what: str, *, instead: str) -> Unsupported:
    """An answer that says what is not implemented here and what to use."""
    return Unsupported(f"localaws does not implement {what}; {instead}")
