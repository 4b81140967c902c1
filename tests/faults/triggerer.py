"""What becomes of a task that defers, without a triggerer: its trigger is run here, as one is there."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow.triggers.base import BaseTrigger

PATIENCE_S = 60.0


def fired(trigger: BaseTrigger) -> Any:
    """What the trigger says in the end: one made anew, of what Airflow's database keeps of it."""
    _, arguments = trigger.serialize()
    made = type(trigger)(**arguments)

    async def first() -> Any:
        return (await anext(made.run())).payload

    return asyncio.run(asyncio.wait_for(first(), PATIENCE_S))
