"""Proves that the triggerer can import what waits for jobs, and says which plugins it has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from perennial import stamps
from perennial.triggers.jobs import SageMakerJobTrigger


class SmokeTrigger(BaseTrigger):
    """Fires at once, with the digest of the plugins that the triggerer has imported."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """By its class alone: it has no arguments."""
        return (f"{type(self).__module__}.{type(self).__qualname__}", {})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire."""
        event = {"plugins": stamps.plugins(), "waits_with": SageMakerJobTrigger.__qualname__}
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
