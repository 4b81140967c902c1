"""`<model>_drift`: a day's traffic against the baseline → a verdict, an alert, and the request for a training."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG

from include.specs.job import DETECT_DRIFT
from include.specs.model import ModelSpec
from perennial import monitoring_requests
from perennial.callbacks import run_failed
from perennial.flows import common
from perennial.flows.monitoring import watch
from perennial.operators.traffic import FindTrafficOperator
from perennial.params import day_params
from perennial.watches import TRAFFIC

AT_ONCE = 1  # run: each day looks at the reports of the days before

_DOC = """
Compares what the serving version was asked on a day (`capture/`) with what it was judged on (`baselines/`). Effect
sizes decide, adjusted p-values guard, and a feature has to breach on several of the last days before it is drift. The
report lies in `monitoring/<model>/<day>/`.

On a warning, on drift and on a broken feed the model's topic hears of it, once, and again when the verdict changes.
Drift asks for a training run, at most once a cool-down. A backfill (one day at a time, so that each knows the ones
before) writes the reports, and neither tells nor asks. Days that the scheduler has missed are run afterwards, and tell.
"""


def drift_dag(spec: ModelSpec) -> DAG:
    """The monitoring flow of one model."""
    waits_h = spec.monitoring.late_h + spec.monitoring.wait_h
    with DAG(
        dag_id=f"{spec.name}_drift",
        dag_display_name=f"{spec.title}: drift",
        schedule=common.daily(spec.monitoring.schedule),
        start_date=common.EPOCH,
        catchup=False,
        auto_register=False,  # the DAG file does, once it is whole
        max_active_runs=AT_ONCE,
        default_args=common.defaults(spec),
        dagrun_timeout=common.longest(spec, (DETECT_DRIFT,)) + dt.timedelta(hours=waits_h),
        on_failure_callback=run_failed(spec),
        params=day_params("The day whose traffic to look at."),
        tags=common.tags(spec, "drift"),
        doc_md=common.doc_md(spec, _DOC, backfill=common.backfill_command(f"{spec.name}_drift", at_once=AT_ONCE)),
    ) as dag:
        traffic = FindTrafficOperator(task_id="find_traffic", spec=spec)
        watch(TRAFFIC, traffic, step=DETECT_DRIFT, build=monitoring_requests.detect_drift)
    return dag
