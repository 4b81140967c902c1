"""`perennial_smoke`: what a deployment triggers, to see that a place runs what was sent to it."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Param

from perennial.operators.smoke import SmokeOperator

DAG_ID = "perennial_smoke"
# MWAA may take minutes to bring a DAG folder to each of its workers.
TRIES, EVERY = 20, dt.timedelta(seconds=30)

_DOC = """
Proves that a worker and the triggerer run the bundle whose digests are given (none: any bundle), that the settings of
the section `perennial` are there, and that the catalog can be read. It calls no AWS service, costs nothing, and is
never paused: `make deploy` triggers it when everything is sent.
"""


def smoke_dag() -> DAG:
    """The one DAG that belongs to no model."""
    with DAG(
        dag_id=DAG_ID,
        dag_display_name="Perennial: smoke test",
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        default_args={"owner": "perennial", "retries": TRIES, "retry_delay": EVERY},
        dagrun_timeout=dt.timedelta(minutes=30),
        params={what: _digest(what) for what in ("dags", "plugins")},
        tags=["perennial", "smoke"],
        doc_md=f"# Smoke test\n{_DOC}",
    ) as dag:
        SmokeOperator(task_id="prove")
    return dag


def _digest(what: str) -> Param:
    return Param(
        None,
        type=["null", "string"],
        pattern="^[0-9a-f]{64}$",
        title=f"Digest of {what}",
        description=f"What `make bundle` says of {what}; empty: whichever are there",
    )
