"""What people are told of data that has not come, or came late."""

import dataclasses
import datetime as dt

from perennial.landing_notice import absent_notice, late_notice
from perennial.landings import LateLanding

from include.specs import s3_layout
from include.specs.environment import Environment
from include.specs.model import ModelSpec
from include.specs.partition import SourceObject
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


def test_late_data_is_told_by_day_and_objects(spec: ModelSpec, where: Environment, provenance: Provenance) -> None:
    """The same objects are the same message, whichever run sends it; other content is another."""
    prefix = s3_layout.landing(spec.name, DAY)
    first, second, other = (SourceObject(key=f"{prefix}{name}", bytes=1, etag=tag) for name, tag in ("a1", "b1", "b2"))
    another = dataclasses.replace(provenance, run="another", run_id="another")
    made = [
        late_notice(spec, LateLanding(date=DAY, objects=objects, partition=True), where, origin)
        for objects, origin in (((first, second), provenance), ((second, first), another), ((first, other), provenance))
    ]
    ids = [notice.deduplication_id for notice in made]
    assert ids[0] == ids[1] != ids[2]
    assert made[0].key == made[1].key != made[2].key
    assert made[0].subject == f"{spec.name}: data has landed late (2026-03-01)"
    assert made[0].body["objects"] == "a, b"
