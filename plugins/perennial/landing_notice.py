"""What is told of data that has not come, or came late, as messages to people. Pure functions: no call is made here."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.run import Provenance
from perennial import naming
from perennial.landings import LateLanding
from perennial.notices import Notice

ABSENT, LATE = "landing-absent", "landing-late"
# Section of the runbook → what a person should hear of.
SUBJECTS: Mapping[str, str] = {ABSENT: "no data has landed", LATE: "data has landed late"}


def absent_notice(spec: ModelSpec, date: dt.date, where: Environment, origin: Provenance) -> Notice:
    """That a day has no partition, since nothing has come in time."""
    return Notice(
        model=spec.name,
        run=origin.run,
        kind=ABSENT,
        subject=f"{spec.name}: {SUBJECTS[ABSENT]} ({date})",
        body={
            "expected": s3_layout.uri(where.bucket, s3_layout.landing(spec.name, date)),
            "waited": f"{spec.dataset.landing_wait_h:g} h",
            **_body(spec, date, where, origin, section=ABSENT),
        },
    )


def late_notice(spec: ModelSpec, found: LateLanding, where: Environment, origin: Provenance) -> Notice:
    """That a day's partition lacks what has landed for it.

    It is the day's notice and not the run's: one that names the same objects is the same, whichever run sends it.
    """
    prefix = s3_layout.landing(spec.name, found.date)
    objects = sorted((source.key.removeprefix(prefix), source.etag) for source in found.objects)
    return Notice(
        model=spec.name,
        run=f"landing-{found.date}",
        kind=f"{LATE}-{naming.digest(objects)[:8]}",
        subject=f"{spec.name}: {SUBJECTS[LATE]} ({found.date})",
        body={
            "in": s3_layout.uri(where.bucket, prefix),
            "objects": ", ".join(name for name, _ in objects),
            "partition": "does not have them" if found.partition else "none",
            **_body(spec, found.date, where, origin, section=LATE),
        },
    )


def _body(spec: ModelSpec, date: dt.date, where: Environment, origin: Provenance, *, section: str) -> dict[str, str]:
    return {
        "model": spec.name,
        "owner": spec.owner.email,
        "date": date.isoformat(),
        "command": command(spec, date),
        "runbook": f"{where.runbook}#{section}",
        "dag_id": origin.dag_id,
        "run_id": origin.run_id,
    }


def command(spec: ModelSpec, date: dt.date) -> str:
    """What ingests a day by hand.

    >>> from include.specs import catalog
    >>> command(catalog.model("churn"), dt.date(2026, 3, 1))
    'airflow dags trigger churn_ingestion --conf \\'{"date": "2026-03-01"}\\''
    """
    conf = json.dumps({"date": date.isoformat()})
    return f"airflow dags trigger {spec.name}_ingestion --conf '{conf}'"
