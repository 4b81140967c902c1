"""One day of a model's traffic, whichever way it was kept: what an endpoint captured, or a batch transform left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from include.ml.capture.reading import Captured, read_capture
from include.ml.capture.transform import read_predictions
from include.specs import s3_layout
from include.specs.model import ModelSpec
from include.specs.monitoring import TRANSFORMED


def read_day(files: Sequence[Path], model: ModelSpec, date: dt.date) -> Captured:
    """The day's rows. How much may be unreadable is judged elsewhere: a feed that nobody can read has a verdict too.

    A captured record has the time of its inference, and belongs to that day whichever file it is in. A transform's line
    has none: it is of the day that its folder names, and its time is when that begins.

    Raises:
        PerennialError: the path of a transform's output names no day.
    """
    watched, start = model.monitoring, dt.datetime.combine(date, dt.time(), dt.UTC)
    positional = watched.input_columns or None
    if watched.source == "capture":
        window = start, start + dt.timedelta(days=1)
        return read_capture(files, model.dataset, window, limit=1.0, positional=positional)
    outputs = [path for path in files if path.suffix == TRANSFORMED and s3_layout.date_of(path.as_posix()) == date]
    return read_predictions(outputs, model.dataset, start, limit=1.0, positional=positional)
