"""What people were told of a watched model, and whether a day's verdict is news to them.

Reports alone do not say: a backfill writes them and tells nobody, and SNS may refuse a message for good.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from include.specs import codec
from include.specs.run import ToldRecord
from perennial.hooks.lake import Lake

log = logging.getLogger(__name__)

# A report's verdict, and the run that registered the version that it is about. None: of a report that nobody can read.
Verdict = tuple[str, str] | None


def last(lake: Lake, key: str) -> ToldRecord | None:
    """What the record at `key` says; None where there is none, or none that can be read."""
    return _last(lake, key)[0]


def old_news(known: ToldRecord | None, mine: ToldRecord, since: Iterable[Verdict]) -> str:
    """Why people need not hear of `mine`, in a clause; empty where they do.

    Args:
        since: the verdicts on the days from that of `known` to the one before that of `mine`; days without a verdict
            neither count nor end a story. Read as far as it takes.
    """
    if known is None:
        return ""
    if mine.date < known.date:
        return f"people have heard of a later day by now, {known.date}"
    told = known.verdict, known.judged_run
    if told != (mine.verdict, mine.judged_run):
        return ""
    if mine.date == known.date:
        return f"people have heard this of the day from {known.run}"
    return f"people have known so since {known.date}" if _goes_on(told, since) else ""


def remember(lake: Lake, key: str, mine: ToldRecord) -> None:
    """Put what people have just been told on record, unless they were told of a later day meanwhile."""
    while True:
        known, tag = _last(lake, key)
        # A write whose answer was lost is repeated inside the call, and finds its own record in its way.
        if known and (known == mine or known.date > mine.date):
            return
        if lake.swap(key, codec.encode(mine), tag=tag):
            return


def _goes_on(told: Verdict, since: Iterable[Verdict]) -> bool:
    """Whether the verdict has been this one and no other. Where none is known, nobody can say so."""
    known = False
    for verdict in since:
        if verdict != told:
            return False
        known = True
    return known


def _last(lake: Lake, key: str) -> tuple[ToldRecord | None, str | None]:
    known, tag = lake.known_as(ToldRecord, key)
    if known is None and tag:
        # Better told twice than never.
        log.warning("%s is no record of what people were told: it counts as none", key)
    return known, tag
