"""Asks for what the account's quotas may refuse: another type of instance at once, and the same again while others end.

A refused create costs nothing, and what is refused now is had once another job has ended. A try that failed at once and
came back after many minutes found the room that had become free meanwhile taken by whoever came just then: of ninety
days that are ingested again with one instance, 38 failed in that way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError

from perennial import retries
from perennial.retries import LIMIT, QUOTA

log = logging.getLogger(__name__)
# How often a try asks again before it fails, and the longest time between two times: two hours, as it comes out, and
# never more than two hours and forty minutes. Airflow's tries come on top of that.
ASKS = 80
ASK_EVERY_S = 120.0
LONGEST_S = ASKS * ASK_EVERY_S


def ask_in_turn(ask: Callable[[str], bool], types: Sequence[str]) -> bool:
    """Ask for each of the `types` of instances until one is not refused for its quota; what `ask` says then.

    Raises:
        ClientError: all were refused: of one that other jobs use up, if there is such a type, else of the last.
    """
    refusals: list[ClientError] = []
    for wanted in types:
        try:
            return ask(wanted)
        except ClientError as error:
            if retries.of_error(error) not in (LIMIT, QUOTA):
                raise
            log.warning("The account may run no more on %s: %s", wanted, error)
            refusals.insert(0, error)
    raise max(refusals, key=lambda error: retries.of_error(error).passes)


def next_asking_s(error: ClientError, asked: int, *, identity: str, pace: float = 1.0) -> float | None:
    """Seconds until the same try asks again after a refusal, different for each task; None where it asks no more.

    Args:
        asked: how often it has asked again. identity, pace: as those of `retries.delay_s`.
    """
    if retries.of_error(error) is not LIMIT or asked >= ASKS:
        return None
    return pace * ASK_EVERY_S * retries.between_half_and_all(f"{identity} asked {asked}")
