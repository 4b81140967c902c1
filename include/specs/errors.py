"""The errors a person can meet. Each says what was expected, what came, where, and what to do."""

from __future__ import annotations


class PerennialError(Exception):
    """Anything that this project itself found wrong."""


class SpecError(PerennialError, ValueError):
    """A value in a model's specification that cannot be meant.

    Args:
        field: the field, as written from the spec's root, for example ``gate.thresholds.roc_auc``.
        expected: what the field takes, as the rest of "must …", for example ``be within [0, 1]``.
        got: the value that came.
        where: the model's name or the file, once known.
    """

    def __init__(self, field: str, expected: str, got: object, *, where: str | None = None) -> None:
        self.field, self.expected, self.got, self.where = field, expected, got, where
        super().__init__(field, expected, got)

    def at(self, where: str) -> SpecError:
        """The same error, naming the file to edit."""
        return SpecError(self.field, self.expected, self.got, where=where)

    def __str__(self) -> str:
        suffix = f"; edit {self.where}" if self.where else ""
        return f"{self.field} must {self.expected}, got {self.got!r}{suffix}"


class DataContractError(PerennialError, ValueError):
    """Data that is not what the model's spec says it is. The message names the file and the column."""


class ReportError(PerennialError, ValueError):
    """A report or manifest that is missing, unreadable, or holds what it must not (a NaN, an unknown field)."""


class VersionError(ReportError):
    """A registered version, or what was registered with it, that cannot be used: what helps is done in the registry."""


class PartitionError(PerennialError, LookupError):
    """A partition that is needed and does not exist. It is never replaced by other data."""


def require(condition: bool, field: str, expected: str, got: object) -> None:
    """Raise `SpecError` for `field` unless `condition` holds."""
    if not condition:
        raise SpecError(field, expected, got)
