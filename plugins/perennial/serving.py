"""What is known of a served model: the version that is watched, what was captured of it, and what was found out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import s3_layout
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.partition import SourceObject
from perennial import registry
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages

_DAY = dt.timedelta(days=1)


def watched(spec: ModelSpec, packages: Packages) -> tuple[int, str]:
    """The champion's version, and the run that registered it.

    Raises:
        AirflowSkipException: there is none yet. ReportError: it does not say which run that was.
    """
    package = next(registry.champions(packages.versions(spec.name), packages.describe), None)
    if package is None:
        raise AirflowSkipException(f"{spec.name} has no version that could be watched yet")
    run = registry.run_of(package)
    if run is None:
        raise ReportError(
            f"{package['ModelPackageArn']} does not say which run registered it: expected `run` in its metadata; "
            "approve a version that a training flow registered"
        )
    return int(package["ModelPackageVersion"]), run


def captured(lake: Lake, spec: ModelSpec, dates: Sequence[dt.date]) -> tuple[SourceObject, ...]:
    """The capture files that may hold records of `dates` (days in a row, ascending): late ones are written after."""
    monitoring = spec.monitoring
    endpoint, after = monitoring.endpoint or spec.name, dates[-1] + _DAY
    found: list[SourceObject] = []
    for variant in monitoring.variants:
        late = s3_layout.capture_day(endpoint, variant, after)
        hours = [f"{late}{hour:02d}/" for hour in range(monitoring.late_h)]
        prefixes = (*(s3_layout.capture_day(endpoint, variant, date) for date in dates), *hours)
        found += [source for prefix in prefixes for source in lake.objects(prefix)]
    return tuple(found)


def reported(lake: Lake, spec: ModelSpec, file: str, *, before: dt.date, days: int) -> tuple[dt.date, ...]:
    """Of the last `days` days before a day, those whose reports called `file` there are; the oldest first."""
    keys = [found.key for found in lake.objects(f"monitoring/{spec.name}/year=")]
    dates = sorted(s3_layout.date_of(key) for key in keys if key.endswith(f"/{file}"))
    return tuple(found for found in dates if before - days * _DAY <= found < before)
