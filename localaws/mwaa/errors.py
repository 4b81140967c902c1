"""Errors, as MWAA's service model has them."""

from __future__ import annotations

from typing import Any


class MwaaError(Exception):
    """An error that is answered in MWAA's words; ``members`` are what its shape has beside the message."""

    def __init__(self, code: str, message: str, status: int, **members: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.members = code, message, status, members


def validation(message: str) -> MwaaError:
    """The request cannot be meant, or not now."""
    return MwaaError("ValidationException", message, 400)


def not_found(name: str) -> MwaaError:
    """There is no such environment."""
    return MwaaError("ResourceNotFoundException", f"Environment {name} not found", 404)
