"""What a deployment decides to do."""

from __future__ import annotations

import pytest

from mwaa.plan import Found, plan

WANTED = {
    "dags/include/specs/model.py": "m1",
    "dags/training.py": "t1",
    "plugins.zip": "p1",
    "requirements.txt": "r1",
    "startup.sh": "s1",
}
ARTIFACTS = {path: digest for path, digest in WANTED.items() if not path.startswith("dags/")}
THERE = Found(sent=WANTED, objects=WANTED, running=ARTIFACTS)


def test_first_deployment_sends_everything() -> None:
    """Artifacts and their update, then the DAG files, each after what it imports."""
    planned = plan(WANTED, Found())
    assert planned.artifacts == planned.update == ("plugins.zip", "requirements.txt", "startup.sh")
    assert planned.dags == ("dags/include/specs/model.py", "dags/training.py")
    assert (planned.delete, planned.same) == ((), 0)


def test_nothing_changed_is_nothing_to_do() -> None:
    """Not even an update."""
    assert plan(WANTED, THERE).lines == ("keep    5 files as they are",)


def test_dag_file_takes_no_update() -> None:
    """A new or changed model is an S3 sync."""
    planned = plan({**WANTED, "dags/include/specs/model.py": "m2"}, THERE)
    assert (planned.dags, planned.update) == (("dags/include/specs/model.py",), ())


@pytest.mark.parametrize("path", ARTIFACTS)
def test_changed_artifact_takes_an_update(path: str) -> None:
    """It is uploaded, and the environment is given it; the others are left as they are."""
    planned = plan({**WANTED, path: "new"}, THERE)
    assert planned.artifacts == planned.update == (path,)


def test_artifact_that_the_environment_never_took_on_takes_an_update_only() -> None:
    """What lies in the bucket already is not sent again: an update that failed is asked for once more."""
    planned = plan(WANTED, Found(sent=WANTED, objects=WANTED, running={**ARTIFACTS, "plugins.zip": "p0"}))
    assert (planned.artifacts, planned.update) == ((), ("plugins.zip",))


def test_artifact_that_somebody_has_put_on_top_is_put_right_without_an_update() -> None:
    """The environment runs what is wanted, whatever lies in the bucket now; the next update is to find that there."""
    planned = plan(WANTED, Found(sent=WANTED, objects={**WANTED, "plugins.zip": "other"}, running=ARTIFACTS))
    assert (planned.artifacts, planned.update) == (("plugins.zip",), ())


def test_only_what_was_sent_is_deleted() -> None:
    """A file of somebody else's stays; so does one that somebody has changed since, and the plan says so."""
    sent = {**WANTED, "dags/old.py": "o1", "dags/include/specs/old.py": "o2", "dags/edited.py": "e1"}
    objects = {**sent, "dags/edited.py": "e2", "dags/theirs.py": "x"}
    planned = plan(WANTED, Found(sent=sent, objects=objects, running=ARTIFACTS))
    assert planned.delete == ("dags/old.py", "dags/include/specs/old.py")
    assert planned.foreign == ("dags/edited.py",)
    assert "leave   dags/edited.py, which is not as it was sent" in planned.lines


def test_what_is_gone_already_is_not_deleted() -> None:
    """The record may name what somebody has removed."""
    assert plan(WANTED, Found(sent={**WANTED, "dags/old.py": "o1"}, objects=WANTED, running=ARTIFACTS)).delete == ()
