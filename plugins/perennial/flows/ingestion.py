"""`<model>_ingestion`: landing → validated, partitioned lake, and the request for a training."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG

from include.specs.job import INGEST
from include.specs.model import ModelSpec
from include.specs.run import IngestionRun
from perennial import aws_requests
from perennial.callbacks import run_failed
from perennial.flows import common
from perennial.operators.ingestion import (
    FindLandingOperator,
    PublishPartitionOperator,
    RequestRetrainingOperator,
    is_partition_left,
)
from perennial.operators.jobs import SageMakerJobOperator
from perennial.params import ingestion_params

AT_ONCE = 4  # runs, whether scheduled, asked for or (by the command on the DAG's page) of a backfill

_DOC = """
Each run reads one day's objects from `landing/`, checks them against the data contract, sends bad rows to `quarantine/`
and writes the day's partition to `raw/`. The partition exists from the moment its `_manifest.json` is written, which is
last. Runs can be repeated and backfilled: the same objects give the same bytes.

A scheduled run waits for the day's first object, without a worker, if the week before had any. A day that has none then
is skipped, unless the spec says otherwise, and the model's topic hears of it: once, however many days follow it. It
hears, too, of files that land after their day was read; no run reads them by itself.

A new partition asks for a training run, unless this is a backfill or the spec says otherwise. Days that the scheduler
has missed are run afterwards, each once, and ask as well.
"""


def ingestion_dag(spec: ModelSpec) -> DAG:
    """The ingestion flow of one model."""
    with DAG(
        dag_id=f"{spec.name}_ingestion",
        dag_display_name=f"{spec.title}: ingestion",
        schedule=common.daily(spec.ingestion_schedule),
        start_date=common.EPOCH,
        catchup=False,
        auto_register=False,  # the DAG file does, once it is whole
        max_active_runs=AT_ONCE,
        default_args=common.defaults(spec),
        dagrun_timeout=common.longest(spec, (INGEST,)) + dt.timedelta(hours=spec.dataset.landing_wait_h),
        on_failure_callback=run_failed(spec),
        params=ingestion_params(spec),
        tags=common.tags(spec, "ingestion"),
        doc_md=common.doc_md(spec, _DOC, backfill=common.backfill_command(f"{spec.name}_ingestion", at_once=AT_ONCE)),
    ) as dag:
        landing = FindLandingOperator(task_id="find_landing", spec=spec)
        config_key = common.returned(landing, "config_key")
        ingest = SageMakerJobOperator(
            task_id="ingest",
            spec=spec,
            step=INGEST,
            build=aws_requests.ingest,
            run_type=IngestionRun,
            is_left=is_partition_left,
            config_key=config_key,
        )
        publish = PublishPartitionOperator(task_id="publish", spec=spec, config_key=config_key)
        request = RequestRetrainingOperator(
            task_id="request_retraining", spec=spec, partition=common.returned(landing, "date")
        )
        landing >> ingest >> publish >> request
    return dag
