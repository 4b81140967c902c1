"""`<model>_performance`: labels that came late, against what was registered → a verdict, an alert, a training."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG

from include.specs.job import MEASURE_QUALITY
from include.specs.model import ModelSpec
from perennial import monitoring_requests
from perennial.callbacks import run_failed
from perennial.flows import common
from perennial.flows.monitoring import watch
from perennial.operators.predictions import FindPredictionsOperator
from perennial.params import day_params
from perennial.watches import QUALITY

AT_ONCE = 1  # run: whether a verdict is news depends on the report before

_DOC = """
Joins the labels that have come (`labels/`) to the predictions of their day (`capture/`) by id, and holds each day's
metrics against the evaluation of the version that answered it. A fall has to matter and to be more than chance, on
several of the last days that have a verdict, before quality is called degraded. The verdict is about the version of the
newest such day, which may serve no longer. A day whose labels have not come has an estimate in their place, from
calibrated scores, marked as one. The report lies in `monitoring/<model>/<day>/`.

On a warning and on a degradation the model's topic hears of it, once, and again when the verdict changes. A degradation
asks for a training run, at most once a cool-down, which is drift's as well; that of a version that was replaced only if
its successor has learnt nothing of the fall. That no label has come is no fault. A backfill says what was known on each
day, and neither tells nor asks.
"""


def performance_dag(spec: ModelSpec) -> DAG:
    """The flow of one model that measures its realised quality."""
    with DAG(
        dag_id=f"{spec.name}_performance",
        dag_display_name=f"{spec.title}: realised quality",
        schedule=common.daily(spec.monitoring.performance_schedule),
        start_date=common.EPOCH,
        catchup=False,
        auto_register=False,  # the DAG file does, once it is whole
        max_active_runs=AT_ONCE,
        default_args=common.defaults(spec),
        dagrun_timeout=common.longest(spec, (MEASURE_QUALITY,)) + dt.timedelta(hours=spec.monitoring.late_h),
        on_failure_callback=run_failed(spec),
        params=day_params("The day at whose end to say what was known."),
        tags=common.tags(spec, "performance"),
        doc_md=common.doc_md(spec, _DOC, backfill=common.backfill_command(f"{spec.name}_performance", at_once=AT_ONCE)),
    ) as dag:
        predictions = FindPredictionsOperator(task_id="find_predictions", spec=spec)
        watch(QUALITY, predictions, step=MEASURE_QUALITY, build=monitoring_requests.measure_quality)
    return dag
