"""The tasks of training that are not jobs: pin the data and the champion, branch on the verdict, register, reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from airflow.sdk import BaseBranchOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.specs import codec, reports, s3_layout
from include.specs.errors import PartitionError
from include.specs.partition import PartitionRef
from include.specs.reports import EvaluationReport, GateReport, ModelManifest
from include.specs.run import TrainingRecord, TrainingRun
from perennial import assets, aws_requests, champions, naming, registry, retries, trainings, windows
from perennial.failures import failed
from perennial.hooks.lake import Lake
from perennial.hooks.packages import Packages
from perennial.links import ReportLink
from perennial.operators import days
from perennial.operators.base import FlowOperator, provenance
from perennial.params import apply_overrides, merge_overrides


class ResolveRunOperator(FlowOperator):
    """Pin what this run trains on and what its candidate has to measure up to; write the run's configuration.

    A run that new data alone has asked for is skipped where the newest training is about the same rows, spec, code and
    image.

    Returns (XCom): run (its name in S3), config_key, reason, partitions, champion (a version, or None).
    """

    def perform(self, context: Any) -> dict[str, Any]:
        """Resolve overrides, data and champion, in this order: a bad param costs nothing."""
        requests = _requests(context)
        overrides = dict(context["params"]) | merge_overrides(map(_params, requests))
        spec = apply_overrides(self.spec, overrides)
        lake, where = self.lake(), self.where()
        partitions = self._partitions(lake, context, overrides)
        origin = provenance(context, where, reason=_reason(context, requests))
        slug = origin.run
        run = TrainingRun(
            model=spec,
            provenance=origin,
            partitions=partitions,
            champion=champions.pinned(spec.name, slug, group=where.group(spec.name), lake=lake, packages=Packages()),
            past_window=windows.is_past(context, overrides) or self._is_overtaken(lake, context),
        )
        self._begin(lake, run, context, requests)
        manifest = aws_requests.raw_manifest(partitions, bucket=where.bucket, model=spec.name)
        lake.write_manifest(aws_requests.manifest_key(spec.name, slug, "raw"), manifest)
        config_key = aws_requests.config_key(spec.name, slug)
        run = _as_first_resolved(run, lake, config_key)
        lake.write(config_key, codec.encode(run))
        return {
            "run": slug,
            "config_key": config_key,
            "reason": run.provenance.reason,
            "partitions": [ref.manifest_key for ref in partitions],
            "champion": run.champion.version if run.champion else None,
        }

    def _begin(
        self, lake: Lake, run: TrainingRun, context: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]
    ) -> None:
        """Put it on record; skip where all that asked for the run wants new rows, and there are none."""
        _, begun = lake.known_as(TrainingRun, aws_requests.config_key(run.model.name, run.provenance.run))
        only_if_new = bool(requests) and not begun and all(request.get("only_if_new") for request in requests)
        counts = partial(_counts, context["ti"])
        trainings.begin(lake, run, image=self.where().image, only_if_new=only_if_new, counts=counts)

    def _partitions(
        self, lake: Lake, context: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> tuple[PartitionRef, ...]:
        start, end = windows.bounds(context, overrides)
        found = lake.partitions(self.spec.name, start=start, end=end)
        if not found:
            asked = f" from {start or 'the beginning'} to before {end or 'now'}"
            raise PartitionError(f"{self.spec.name} has no partitions{asked}; run {self.spec.name}_ingestion first")
        if start is None:
            found = windows.of_last_days(found, self.spec.dataset.window_days)
        pinned = windows.of_one_origin(found)
        self.log.info("%d partitions, %s to %s", len(pinned), pinned[0].manifest.date, pinned[-1].manifest.date)
        return pinned

    def _is_overtaken(self, lake: Lake, context: Mapping[str, Any]) -> bool:
        """Whether the next scheduled run was due by now, and has data that this one does not see.

        Where no newer day has come, no run knows more.
        """
        start = windows.first_day_of_next(context, self.spec.training_schedule, now=days.now())
        return start is not None and bool(lake.dates(self.spec.name, start=start))


class QualityGateBranchOperator(FlowOperator, BaseBranchOperator):
    """Branch on what evaluation decided. A verdict that cannot be read fails the task; it never passes the gate.

    Args:
        run: the run's name in S3. register, reject: task ids.
    """

    template_fields = ("run",)
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, run: str, register: str, reject: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run, self.register, self.reject = run, register, reject

    def perform(self, context: Any) -> Any:
        """Read the verdict, and skip the branch that it does not name."""
        self.do_branch(context, self.choose_branch(context))

    def choose_branch(self, context: Any) -> str:
        """The branch of the verdict in gate.json."""
        experiment = s3_layout.experiment(self.spec.name, self.run)
        gate = self.lake().read_as(GateReport, experiment + reports.GATE)
        for rule in gate.rules:
            self.log.info("%s %s (observed %.6g)", "passed" if rule.passed else "FAILED", rule.rule, rule.observed)
        self.log.info("Verdict: %s. %s", gate.verdict, gate.reasons)
        ReportLink.store(context, self.where().object_url(experiment + reports.HTML))
        return self.register if gate.verdict == "register" else self.reject


class RegisterModelOperator(FlowOperator):
    """Register the candidate, pending approval. One run registers one version, however often it is tried.

    Returns (XCom): version, package_arn, approval_status.
    """

    template_fields = ("config_key", "model_url")
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, config_key: str, model_url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config_key, self.model_url = config_key, model_url

    def perform(self, context: Any) -> dict[str, Any]:
        """Create the group where it is missing, then the version."""
        lake, where, packages = self.lake(), self.where(), Packages()
        run = lake.read_as(TrainingRun, self.config_key)
        experiment = s3_layout.experiment(run.model.name, run.provenance.run)
        request = registry.package_request(
            run,
            where,
            model_url=self.model_url,
            data_manifest=lake.read(aws_requests.manifest_key(run.model.name, run.provenance.run, "raw")),
            candidate=lake.read_as(ModelManifest, experiment + reports.CANDIDATE),
            evaluation=lake.read_as(EvaluationReport, experiment + reports.EVALUATION),
            gate=lake.read_as(GateReport, experiment + reports.GATE),
        )
        packages.ensure_group(registry.group_request(run.model, where))
        # Not the run's start: clearing a run moves that, and a version of an earlier try would no longer be found.
        since, group = context["dag_run"].run_after, request["ModelPackageGroupName"]
        found = packages.of_run(group, run.provenance.run, bucket=where.bucket, since=since)
        package = found or packages.create(request)
        registry.check_content(package, request)
        _require_model(package, lake)
        ReportLink.store(context, where.object_url(experiment + reports.HTML))
        return {
            "version": int(package["ModelPackageVersion"]),
            "package_arn": package["ModelPackageArn"],
            "approval_status": package["ModelApprovalStatus"],
        }


class AnnounceVersionOperator(FlowOperator):
    """Tell other flows that there is a new version. One of a past window is no news: it is in the registry, no more.

    Args:
        registered: what the registration returned; the event carries it.
    """

    template_fields = ("config_key", "registered")

    def __init__(self, *, config_key: str, registered: Any, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.package(kwargs["spec"].name)], **kwargs)
        self.config_key, self.registered = config_key, registered

    def perform(self, context: Any) -> None:
        """Emit the event, or skip, which emits nothing."""
        if self.lake().read_as(TrainingRun, self.config_key).past_window:
            raise AirflowSkipException("a version of a past window is not announced as new")
        context["outlet_events"][assets.package(self.spec.name)].extra = dict(self.registered)


class RejectModelOperator(FlowOperator):
    """Record why the candidate was not registered. That is a result of the flow, not a failure of it.

    Returns (XCom): reasons.
    """

    template_fields = ("run",)
    operator_extra_links = (ReportLink(),)

    def __init__(self, *, run: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def perform(self, context: Any) -> dict[str, str]:
        """Say it."""
        experiment = s3_layout.experiment(self.spec.name, self.run)
        gate = self.lake().read_as(GateReport, experiment + reports.GATE)
        ReportLink.store(context, self.where().object_url(experiment + reports.HTML))
        self.log.warning("Not registered: %s", gate.reasons)
        return {"reasons": gate.reasons}


def _require_model(package: Mapping[str, Any], lake: Lake) -> None:
    """Refuse a version whose model was deleted: its run, cleared, makes it anew in another place, and no version moves.

    Raises:
        FinalError: it names the version and the object.
    """
    url = registry.model_url(package)
    if not lake.has_any(url.removeprefix(s3_layout.uri(lake.bucket, ""))):
        raise failed(
            f"this run has registered version {package['ModelPackageVersion']}, and its model {url} is gone: "
            "reject that version and trigger a new run; clearing this one finds the same version",
            retries.VERSION,
        )


def _as_first_resolved(run: TrainingRun, lake: Lake, config_key: str) -> TrainingRun:
    """The run, started for the reason that it was first resolved with, if its jobs are still the same.

    They are used again, and so is the report that they wrote, which names that reason: a run that a backfill takes over
    is not to have two.
    """
    known, _ = lake.known_as(TrainingRun, config_key)
    if known is None or naming.decisive(codec.encode(known)) != naming.decisive(codec.encode(run)):
        return run
    return replace(run, provenance=known.provenance)


def _counts(ti: Any, known: TrainingRecord) -> bool:
    """Whether the run has not failed; one that is gone counts for nothing."""
    states = ["queued", "running", "success"]
    return bool(ti.get_dr_count(dag_id=known.dag_id, run_ids=[known.run_id], states=states))


def _requests(context: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The `extra` of every event that started this run, oldest first."""
    events = context.get("triggering_asset_events") or {}
    found = [event for of_asset in events.values() for event in of_asset]
    return [event.extra for event in sorted(found, key=lambda event: event.timestamp)]


def _params(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return request.get("params") or {}


def _reason(context: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> str:
    if requests:
        # Many requests may have one reason, which is then said once.
        return "; ".join(dict.fromkeys(reason for request in requests for reason in _reasons(request)))
    return context["params"].get("reason") or f"{context['dag_run'].run_type.value} run"


def _reasons(request: Mapping[str, Any]) -> list[str]:
    """Why the flow that made the request made it, and why the person who started that flow did."""
    given = (request.get("reason"), _params(request).get("reason"))
    return [str(reason) for reason in given if reason] or ["requested"]
