"""What one run does: written once to S3 as `run.json`, read by every job of the run, kept beside its reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from include.specs.model import ModelSpec
from include.specs.partition import PartitionRef, SourceObject


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Which Airflow run this is, and which code it ran. `run` is its name in S3 (see `naming.run_slug`)."""

    run: str
    dag_id: str
    run_id: str
    run_url: str = ""
    code_version: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class IngestionRun:
    """One partition to write, from these landing objects."""

    model: ModelSpec
    provenance: Provenance
    date: dt.date
    sources: tuple[SourceObject, ...]


@dataclass(frozen=True, kw_only=True)
class SplitBoundary:
    """Which rows a model may have been fitted on, in a form that can be asked of any other data.

    Stratified: a row may have been fitted on when the hash of its id under `seed`, as a fraction of the hash's range,
    is at least `hash_from_positive` or `hash_from_negative`, by its class. `hash_from` is the lower of the two: it
    holds for a row that may have been of the other class, and for every row where it is all that is known, as of
    versions from before each class had its own. By event time: when its event time is before `time_until`.

    Args:
        hash_of: what was hashed: a row's id, or its entity where it has one.
    """

    seed: int = 0
    hash_from: float | None = None
    time_until: dt.datetime | None = None
    hash_from_positive: float | None = None
    hash_from_negative: float | None = None
    hash_of: Literal["id", "entity"] = "id"


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate has to measure up to."""

    version: int
    package_arn: str
    approval_status: str
    model_url: str
    sha256: str
    boundary: SplitBoundary


@dataclass(frozen=True, kw_only=True)
class ChampionPointer:
    """Which version is the champion, and the run that saw it become that; no version where none is."""

    run: str
    version: int | None = None
    package_arn: str | None = None
    approval_status: str | None = None


@dataclass(frozen=True, kw_only=True)
class MonitoringRun:
    """One day's traffic to compare with the baseline of the version that serves.

    Args:
        captured: the objects that hold the day's traffic; none where nothing was captured.
        history: the days before, with the day after the last being `date`, whose reports there are.
        baseline_run: the run that registered the version, which is the name of its baseline.
        synthetic: whether the traffic was made up.
    """

    model: ModelSpec
    provenance: Provenance
    date: dt.date
    version: int
    baseline_run: str
    captured: tuple[SourceObject, ...]
    history: tuple[dt.date, ...] = ()
    synthetic: bool = False

    @property
    def before(self) -> dt.date | None:
        """The last day before this one of which there is a report."""
        return self.history[-1] if self.history else None


@dataclass(frozen=True, kw_only=True)
class ServedVersion:
    """A version that answers, and the run that registered it: the name of its baseline and of its evaluation."""

    version: int
    run: str


@dataclass(frozen=True, kw_only=True)
class ServedDay:
    """A day on which the model answered, and the version that did; None where that is not known."""

    date: dt.date
    version: int | None


@dataclass(frozen=True, kw_only=True)
class PerformanceRun:
    """Days of predictions, each to hold against the evaluation of the version that answered it, by the labels that have
    come.

    Args:
        date: labels of its end and later are not known yet.
        days: whose predictions are looked at.
        version: the one that is watched: it serves when `date` ends.
        baseline_run: the run that registered it, which is the name of its baseline and of its evaluation.
        past: the other versions that answered any of the days.
        evidence: the evaluations and the baselines' samples of all of these versions, as far as they are there.
        learnt_until: the newest day whose data the watched version was trained on; None where that is not known, or no
            other version has answered.
        captured, labels: the objects that hold the days' traffic, and labels; none where there are none.
        history: the days before `date` of which there are reports, as far back as `days`; the oldest first.
        before: the last of them; None where there is none. Older releases wrote only this one.
        synthetic: whether traffic or labels were made up.
    """

    model: ModelSpec
    provenance: Provenance
    date: dt.date
    days: tuple[ServedDay, ...]
    version: int
    baseline_run: str
    past: tuple[ServedVersion, ...] = ()
    evidence: tuple[SourceObject, ...] = ()
    learnt_until: dt.date | None = None
    captured: tuple[SourceObject, ...] = ()
    labels: tuple[SourceObject, ...] = ()
    history: tuple[dt.date, ...] = ()
    before: dt.date | None = None
    synthetic: bool = False

    @property
    def watched(self) -> ServedVersion:
        """The version that is watched."""
        return ServedVersion(version=self.version, run=self.baseline_run)


@dataclass(frozen=True, kw_only=True)
class RetrainingRecord:
    """When monitoring last asked for a training: the day that was found wanting, and the run that asked."""

    date: dt.date
    run: str


@dataclass(frozen=True, kw_only=True)
class ToldRecord:
    """What people last heard of what is watched of a model.

    Args:
        date: the day that the verdict is on. judged_run: the run that registered the version that it is about.
        run: the one that told.
    """

    date: dt.date
    verdict: str
    judged_run: str
    run: str


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What the newest training of a model is about.

    Args:
        dag_id, run_id: of the Airflow run.
        about: the digest of what its model follows from: rows, spec and code version.
        image: what its jobs run in, from which it follows too; empty in records of older releases, which did not say.
    """

    dag_id: str
    run_id: str
    about: str
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """One model to train: the spec as it is for this run (overrides applied), the data, and the champion.

    Args:
        past_window: whether it is about the data of a time that has passed: it was asked to be, or is scheduled and
            was resolved when the next run had its turn. What it registers is not announced as new, and stands in for
            no champion.
    """

    model: ModelSpec
    provenance: Provenance
    partitions: tuple[PartitionRef, ...]
    champion: Champion | None = None
    past_window: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether any of its rows were made up."""
        return any(partition.manifest.synthetic for partition in self.partitions)
