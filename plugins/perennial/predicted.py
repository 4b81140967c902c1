"""What batch transforms have said of a model's rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from include.specs import s3_layout
from include.specs.model import ModelSpec
from include.specs.monitoring import TRANSFORMED
from include.specs.partition import SourceObject
from perennial.hooks.lake import Lake


def predicted(lake: Lake, spec: ModelSpec, dates: Sequence[dt.date]) -> tuple[SourceObject, ...]:
    """The outputs of the transforms of `dates`, in their order. What else lies there is none of theirs."""
    found = (source for date in dates for source in lake.objects(s3_layout.predictions(spec.name, date)))
    return tuple(source for source in found if source.key.endswith(TRANSFORMED))
