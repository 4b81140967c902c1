"""What is known of a served model: the version that is watched, what was captured of it, and what was found out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, s3_layout
from include.specs.environment import Environment
from include.specs.errors import ReportError
from include.specs.model import ModelSpec
from include.specs.partition import SourceObject
from include.specs.run import MonitoringRun, PerformanceRun, ServedVersion
from perennial import aws_requests, monitoring_requests, registry
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages
from perennial.predicted import predicted

_DAY = dt.timedelta(days=1)
# A feed that was silent for longer than a week is not waited for.
FEED_DAYS = 7
# Which version answered on a day; None where a report says that it does not know.
Known = Mapping[dt.date, ServedVersion | None]


def watched(spec: ModelSpec, packages: Packages, date: dt.date, *, where: Environment) -> ServedVersion:
    """The version that was champion when the day ended.

    Of a day before there was one it is today's: a model may be watched by traffic that it did not answer.

    Raises:
        AirflowSkipException: there is none yet. ReportError: it does not say which run that was.
    """
    versions = list(packages.versions(where.group(spec.name)))
    moments = (dt.datetime.combine(date + _DAY, dt.time(), dt.UTC), None)
    ranked = (registry.champions(versions, packages.describe, bucket=where.bucket, as_of=moment) for moment in moments)
    package = next(chain.from_iterable(ranked), None)
    if package is None:
        raise AirflowSkipException(f"{spec.name} has no version that could be watched yet")
    run = registry.run_of(package)
    if run is None:
        raise ReportError(
            f"{package['ModelPackageArn']} does not say which run registered it: expected `run` in its metadata; "
            "approve a version that a training flow registered"
        )
    return ServedVersion(version=int(package["ModelPackageVersion"]), run=run)


def captured(lake: Lake, spec: ModelSpec, dates: Sequence[dt.date]) -> tuple[SourceObject, ...]:
    """The files that may hold predictions of `dates` (days in a row, ascending), wherever the spec says that they are.

    Late capture files are written after, and the one that was begun before midnight goes on. Of itself that makes no
    day: where there is no other file, nothing was captured yet. A batch transform's output is of the day that its
    folder names.
    """
    monitoring = spec.monitoring
    if monitoring.source == "predictions":
        return predicted(lake, spec, dates)
    endpoint, after = monitoring.endpoint or spec.name, dates[-1] + _DAY
    found: list[SourceObject] = []
    for variant in monitoring.variants:
        late = s3_layout.capture_day(endpoint, variant, after)
        hours = [f"{late}{hour:02d}/" for hour in range(monitoring.late_h)]
        prefixes = (*(s3_layout.capture_day(endpoint, variant, date) for date in dates), *hours)
        found += [source for prefix in prefixes for source in lake.objects(prefix)]
    return (*_begun_before(lake, spec, dates[0]), *found) if found else ()


def is_fed(lake: Lake, spec: ModelSpec, date: dt.date) -> bool:
    """Whether anything was captured on one of the days before: so much says that more is to be expected."""
    return any(captured(lake, spec, [date - ago * _DAY]) for ago in range(1, FEED_DAYS + 1))


def _begun_before(lake: Lake, spec: ModelSpec, date: dt.date) -> tuple[SourceObject, ...]:
    """The files that were begun in the last hour before a day, and may hold its first records."""
    endpoint, start = spec.monitoring.endpoint or spec.name, dt.datetime.combine(date, dt.time(), dt.UTC)
    hours = [
        s3_layout.capture_hour(endpoint, variant, start - s3_layout.CAPTURE_FILE)
        for variant in spec.monitoring.variants
    ]
    return tuple(found for hour in hours for found in lake.objects(hour))


def reported(lake: Lake, spec: ModelSpec, file: str, *, before: dt.date, days: int) -> tuple[dt.date, ...]:
    """Of the last `days` days before a day, those whose reports called `file` there are; the oldest first."""
    keys = [found.key for found in lake.objects(f"monitoring/{spec.name}/year=")]
    dates = sorted(s3_layout.date_of(key) for key in keys if key.endswith(f"/{file}"))
    return tuple(found for found in dates if before - days * _DAY <= found < before)


def labels(lake: Lake, spec: ModelSpec, dates: Sequence[dt.date]) -> tuple[SourceObject, ...]:
    """The objects with labels that came on `dates`."""
    return tuple(found for date in dates for found in lake.objects(s3_layout.labels(spec.name, date)))


def pin(lake: Lake, run: MonitoringRun | PerformanceRun, further: Mapping[str, list[Any]]) -> str:
    """Write what a job that watches reads: the manifest of what was captured, further ones by channel, then its run.

    Returns:
        The configuration's key.
    """
    model, slug = run.model.name, run.provenance.run
    captured = monitoring_requests.capture_manifest(run.captured, bucket=lake.bucket)
    for channel, manifest in {"capture": captured, **further}.items():
        lake.write_manifest(aws_requests.manifest_key(model, slug, channel), manifest)
    config_key = aws_requests.config_key(model, slug)
    lake.write(config_key, codec.encode(run))
    return config_key


def served(dates: Sequence[dt.date], known: Known, *, watched: ServedVersion) -> dict[dt.date, ServedVersion | None]:
    """Which version answered on each of `dates`, as far as that is known.

    Nothing yet records what an endpoint runs; what a day's drift report was held against is the best that there is. A
    day without one was answered by the version that the reports around it agree on: the next before it, where there is
    one, and the next after it, else `watched`.

    A number that two runs have registered (a group was deleted and begun anew) is the version of the later one; who
    answered the days of the other is not known, since a report could not tell the two apart.

    Args:
        dates: ascending. known: the versions that reports of some of them name. watched: the one that is now.

    >>> first, second, third, fourth = (dt.date(2026, 3, day) for day in (1, 2, 3, 4))
    >>> one, two = ServedVersion(version=1, run="a"), ServedVersion(version=2, run="b")
    >>> found = served([first, second, third, fourth], {second: one, fourth: two}, watched=two)
    >>> [version and version.run for version in found.values()]
    ['a', 'a', None, 'b']
    """
    before, after = _filled(dates, known), _filled(dates[::-1], known)
    runs, found = {watched.version: watched.run}, dict[dt.date, ServedVersion | None]()
    for date in reversed(dates):
        later = after.get(date, watched)
        version = later if before.get(date, later) == later else None
        same = version is not None and runs.setdefault(version.version, version.run) == version.run
        found[date] = version if same else None
    return dict(sorted(found.items()))


def _filled(dates: Sequence[dt.date], known: Known) -> dict[dt.date, ServedVersion | None]:
    """Each date with what is known of it or, if nothing is, of the nearest that came earlier in `dates`."""
    found: dict[dt.date, ServedVersion | None] = {}
    for number, date in enumerate(dates):
        if date in known:
            found[date] = known[date]
        elif number and dates[number - 1] in found:
            found[date] = found[dates[number - 1]]
    return found
