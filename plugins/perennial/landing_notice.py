"""What is told of data that has not come, as messages to people. Pure functions: no call is made here."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.run import Provenance
from perennial.notices import Notice

ABSENT = "landing-absent"
# Section of the runbook → what a person should hear of.
SUBJECTS: Mapping[str, str] = {ABSENT: "no data has landed"}


def absent_notice(spec: ModelSpec, date: dt.date, where: Environment, origin: Provenance) -> Notice:
    """That a day has no partition, since nothing has come in time."""
    return Notice(
        model=spec.name,
        run=origin.run,
        kind=ABSENT,
        subject=f"{spec.name}: {SUBJECTS[ABSENT]} ({date})",
        body={
            "model": spec.name,
            "owner": spec.owner.email,
            "date": date.isoformat(),
            "expected": s3_layout.uri(where.bucket, s3_layout.landing(spec.name, date)),
            "waited": f"{spec.dataset.landing_wait_h:g} h",
            "command": command(spec, date),
            "runbook": f"{where.runbook}#{ABSENT}",
            "dag_id": origin.dag_id,
            "run_id": origin.run_id,
        },
    )


def command(spec: ModelSpec, date: dt.date) -> str:
    """What ingests a day by hand.

    >>> from include.specs import catalog
    >>> command(catalog.model("churn"), dt.date(2026, 3, 1))
    'airflow dags trigger churn_ingestion --conf \\'{"date": "2026-03-01"}\\''
    """
    conf = json.dumps({"date": date.isoformat()})
    return f"airflow dags trigger {spec.name}_ingestion --conf '{conf}'"
