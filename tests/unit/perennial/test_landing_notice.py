"""What people are told of data that has not come, or came late."""

import dataclasses
import datetime as dt

from perennial.landing_notice import absent_notice

from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.run import Provenance

DAY = dt.date(2026, 3, 1)


def test_a_day_without_data_says_what_was_expected_and_what_to_do(
    spec: ModelSpec, where: Environment, provenance: Provenance
) -> None:
    """Whose it is, which day, where a file was to be, for how long that was waited for, and the command."""
    spec = dataclasses.replace(spec, dataset=dataclasses.replace(spec.dataset, landing_wait_h=1.5))
    found = absent_notice(spec, DAY, dataclasses.replace(where, runbook="https://wiki/runbook"), provenance)
    assert (found.run, found.kind) == (provenance.run, "landing-absent")
    assert found.subject == f"{spec.name}: no data has landed (2026-03-01)"
    assert found.body == {
        "model": spec.name,
        "owner": spec.owner.email,
        "date": "2026-03-01",
        "expected": f"s3://lake/landing/{spec.name}/year=2026/month=03/day=01/",
        "waited": "1.5 h",
        "command": f"""airflow dags trigger {spec.name}_ingestion --conf '{{"date": "2026-03-01"}}'""",
        "runbook": "https://wiki/runbook#landing-absent",
        "dag_id": provenance.dag_id,
        "run_id": provenance.run_id,
    }
