"""Tells a model's topic that a run has failed: one message a run, whatever the number of tasks and tries that failed.

Airflow calls it in the DAG processor when the scheduler has given the run up, and only once: where that processor is
killed meanwhile, nobody is told. So its calls have little patience (`retries.CALLBACK_TIMEOUTS`). A run that a person
marks as failed is no news to anybody and calls nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from include.specs import s3_layout
from include.specs.environment import Environment, for_telling
from include.specs.incidents import FAILURES, FailureReport
from include.specs.model import ModelSpec
from perennial import failures, naming, retries
from perennial.hooks.aws import callback_config, client
from perennial.hooks.lake import Lake
from perennial.notices import Notice, send

log = logging.getLogger(__name__)
_NO_RECORD = (
    "left no record of why: its process was killed, or the error came before or after its own code, "
    "or S3 could not be written or read; its log says more"
)
_NO_BUCKET = "no record of why can be read: the option perennial.bucket is not set for Airflow's DAG processor"


def run_failed(spec: ModelSpec) -> Callable[[Any], None]:
    """What the DAGs of `spec` call when a run has failed."""
    return partial(_tell, spec)


def _tell(spec: ModelSpec, context: Mapping[str, Any]) -> None:
    # Nothing that goes wrong here may be taken for a fault of the run: it has its result already.
    try:
        where = for_telling(os.environ)
        s3, sns = (client(service, patience=callback_config()) for service in ("s3", "sns"))
        lake = Lake(where.bucket, s3=s3)
        send(failure_notice(spec, where, context, lake), where, lake=lake, sns=sns)
    except Exception:
        log.exception("The failure of a run of %s could not be told: %s", spec.name, context.get("run_id"))


def failure_notice(spec: ModelSpec, where: Environment, context: Mapping[str, Any], lake: Lake) -> Notice:
    """Who has to know, which run it is, why it failed, and what to do."""
    run, dag_id, run_id = context.get("dag_run"), context["dag"].dag_id, str(context["run_id"])
    slug = naming.run_slug(dag_id, run_id)
    report = _cause(spec.name, slug, context, lake)
    # A run that was cleared and failed again is news.
    attempt = getattr(run, "clear_number", 0) or 0
    return Notice(
        model=spec.name,
        run=slug,
        kind=f"run-failed-{attempt}",
        subject=f"{spec.name}: {dag_id} failed ({report.fault})",
        body={
            "model": spec.name,
            "owner": f"{spec.owner.name} <{spec.owner.email}>",
            "dag_id": dag_id,
            "run_id": run_id,
            "run": where.run_url(dag_id, run_id),
            "task_id": report.task_id or None,
            "fault": report.fault,
            "cause": report.message,
            "advice": report.advice,
            "runbook": f"{where.runbook}#{report.fault}",
        },
    )


def _cause(model: str, run: str, context: Mapping[str, Any], lake: Lake) -> FailureReport:
    """The record of the task that Airflow says has failed; else what can be said of a run that ended without one."""
    ti, why = context.get("ti"), context.get("reason")
    report = failures.read(lake, model, run, ti) if ti and why != "timed_out" else None
    if report is not None:
        return report
    fault, message = _unrecorded(ti, why, lake, s3_layout.experiment(model, run))
    task_id = getattr(ti, "task_id", "")
    return FailureReport(
        task_id=task_id,
        try_number=0,
        fault=fault.name,
        retried=False,
        message=f"{task_id or 'the run'}: {message}",
        advice=fault.advice,
    )


def _unrecorded(ti: Any, why: Any, lake: Lake, folder: str) -> tuple[retries.Fault, str]:
    """What is known of a failure where no record is."""
    if why == "timed_out":
        return retries.RUN_TIMEOUT, "the run took longer than its dagrun_timeout"
    if not lake.bucket:
        return retries.CONFIGURATION, _NO_BUCKET
    if ti is None:
        records = f"what its tasks have put on record lies in {folder}{FAILURES}"
        return retries.UNEXPLAINED, f"Airflow does not say which task failed ({why}); {records}"
    return retries.UNEXPLAINED, f"{_NO_RECORD} (Airflow says: {why})"
