"""The smoke test's trigger: made again from its path, and what it fires."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from perennial import stamps
from perennial.triggers.smoke import SmokeTrigger


def test_trigger_can_be_made_again_from_its_path() -> None:
    """The triggerer makes it from its class path and no arguments."""
    assert SmokeTrigger().serialize() == ("perennial.triggers.smoke.SmokeTrigger", {})


def test_it_fires_once_with_the_plugins_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with what jobs are waited for with, which it has imported."""
    monkeypatch.setattr(stamps, "plugins", lambda: "abc")

    async def fired() -> list[Any]:
        return [event.payload async for event in SmokeTrigger().run()]

    assert asyncio.run(fired()) == [{"plugins": "abc", "waits_with": "SageMakerJobTrigger"}]
