"""What producers have dropped for a model's days: whether there should be some, and what came too late to be read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from include.specs import s3_layout
from include.specs.partition import PartitionManifest, SourceObject
from perennial.hooks.lake import Lake
from perennial.serving import FEED_DAYS

_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, kw_only=True)
class LateLanding:
    """Landing objects of a day that its partition was not made from.

    Args:
        partition: whether the day has one at all.
    """

    date: dt.date
    objects: tuple[SourceObject, ...]
    partition: bool


def landed(lake: Lake, model: str, date: dt.date) -> tuple[SourceObject, ...]:
    """The landing objects of a day, by one listing: without their versions, and what their makers say."""
    prefix = s3_layout.landing(model, date)
    return tuple(found for found in lake.objects(prefix) if not s3_layout.is_mark(found.key.removeprefix(prefix)))


def is_fed(lake: Lake, model: str, date: dt.date) -> bool:
    """Whether anything has landed for one of the days before: so much says that more is to be expected."""
    return any(landed(lake, model, date - ago * _DAY) for ago in range(1, FEED_DAYS + 1))


def is_gap(lake: Lake, model: str, date: dt.date) -> bool:
    """Whether with a day nothing comes any more, and that is not usual: the day before had something, and the week
    before did not end so, too, as that of a feed that rests at weekends does."""
    return _ends_with(lake, model, date) and not _ends_with(lake, model, date - _WEEK)


def _ends_with(lake: Lake, model: str, date: dt.date) -> bool:
    return not landed(lake, model, date) and bool(landed(lake, model, date - _DAY))


def late(lake: Lake, model: str, date: dt.date) -> LateLanding:
    """What has landed for a day, or was replaced, after its partition's files were read; all, where it has none."""
    found = landed(lake, model, date)
    known = lake.find_as(PartitionManifest, s3_layout.manifest(model, date)) if found else None
    read = {(source.key, source.etag) for source in known[0].sources} if known else set()
    unread = tuple(source for source in found if (source.key, source.etag) not in read)
    return LateLanding(date=date, objects=unread, partition=known is not None)
