"""What versions were registered with, and what they were trained on, as far as it still lies in the lake."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from include.specs import reports, s3_layout
from include.specs.errors import PerennialError, ReportError
from include.specs.partition import SourceObject
from include.specs.performance import PerformanceReport
from include.specs.run import PerformanceRun, ServedVersion
from perennial.aws_requests import manifest_key
from perennial.hooks.lake import Lake

log = logging.getLogger(__name__)


def evidence(
    lake: Lake, model: str, *, watched: ServedVersion, past: Sequence[ServedVersion]
) -> tuple[SourceObject, ...]:
    """The evaluations of these versions, and the samples of their baselines.

    What a past version lacks is left out: SageMaker starts no job whose manifest names what is not there.

    Raises:
        ReportError: the watched version lacks either.
    """
    found = []
    for version in (watched, *past):
        for key in _keys(model, version):
            there = [source for source in lake.objects(key) if source.key == key]
            found += there
            if not there:
                _miss(s3_layout.uri(lake.bucket, key), version, serves=version == watched)
    return tuple(found)


def learnt_until(lake: Lake, model: str, version: ServedVersion) -> dt.date | None:
    """The newest day whose data a version was trained on; None where that is not known.

    The manifest of its training's data names exactly the files that were read, each by the day of its partition.
    """
    key = manifest_key(model, version.run, "raw")
    try:
        return max(map(s3_layout.date_of, lake.read_manifest(key)), default=None)
    except PerennialError as error:
        log.warning("What version %d has learnt is not known: %s", version.version, error)
        return None


def no_need_to_train(run: PerformanceRun, report: PerformanceReport) -> str:
    """Why what has become of quality asks for no training; nothing where it does.

    The version that serves is asked whether it knows of the days on which its predecessor fell: if it was trained on
    data of that time, a training on the same data would tell it nothing new.
    """
    version, serves = report.registered.version, run.version
    if report.since is None or version == serves:
        return ""
    gone = f"version {version}, whose quality it is, serves no longer, and"
    if run.learnt_until is None:
        return f"{gone} what version {serves} was trained on is not known"
    if run.learnt_until >= report.since:
        return f"{gone} version {serves} was trained on data up to {run.learnt_until}: the fall began on {report.since}"
    return ""


def _miss(uri: str, version: ServedVersion, *, serves: bool) -> None:
    told = f"expected {uri}, which version {version.version} was registered with, found no such object"
    if serves:
        raise ReportError(f"{told}; approve another version")
    log.warning("%s: its days lack what that is for", told)


def _keys(model: str, version: ServedVersion) -> tuple[str, str]:
    sample = s3_layout.baseline(model, version.run) + reports.BASELINE_SAMPLE
    return s3_layout.experiment(model, version.run) + reports.EVALUATION, sample
