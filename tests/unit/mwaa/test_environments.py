"""The wait for an update, by the order in which MWAA's answers come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest

from mwaa.environments import Artifact, Environments, environment
from mwaa.errors import DeployError

OLD, NEW = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (1, 2))
GIVEN = {"plugins.zip": Artifact(key="plugins.zip", version="v2")}


def described(status: str, *, version: str = "v1", created: dt.datetime = OLD, last: str = "SUCCESS") -> dict[str, Any]:
    """What GetEnvironment answers."""
    return {
        "Name": "ours",
        "Status": status,
        "AirflowVersion": "3.3.1",
        "SourceBucketArn": "arn:aws:s3:::mwaa",
        "DagS3Path": "dags",
        "PluginsS3Path": "plugins.zip",
        "PluginsS3ObjectVersion": version,
        "LastUpdate": {"Status": last, "CreatedAt": created},
    }


class Mwaa:
    """Answers what it was told, one after the other, and the last for ever."""

    def __init__(self, answers: Iterable[dict[str, Any]]) -> None:
        self.answers, self.asked = list(answers), list[dict[str, Any]]()

    def get_environment(self, **_: str) -> dict[str, Any]:
        return {"Environment": self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]}

    def update_environment(self, **request: Any) -> None:
        self.asked.append(request)


def update(*answers: dict[str, Any], said: list[str] | None = None) -> Mwaa:
    """Ask for an update that is met with these answers; a minute passes between two looks."""
    mwaa, minutes = Mwaa(answers), iter(range(1000))
    environments = Environments(mwaa, clock=lambda: 60.0 * next(minutes), sleep=lambda _: None)
    environments.update(environment(described("AVAILABLE")), GIVEN, (said if said is not None else []).append)
    return mwaa


def test_update_names_object_and_version() -> None:
    """And nothing that is not to change."""
    [asked] = update(described("AVAILABLE", version="v2", created=NEW)).asked
    assert asked == {"Name": "ours", "PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": "v2"}


def test_an_answer_from_before_the_update_is_not_its_end() -> None:
    """MWAA may still say AVAILABLE just after it was asked; an update that pends has not ended whatever the status."""
    mwaa = update(
        described("AVAILABLE"),
        described("AVAILABLE", created=NEW, last="PENDING"),
        described("UPDATING", created=NEW, last="PENDING"),
        described("AVAILABLE", version="v2", created=NEW),
    )
    assert len(mwaa.answers) == 1


def test_progress_is_said_when_it_changes_and_now_and_then() -> None:
    """Not at every look."""
    said: list[str] = []
    update(*[described("UPDATING", created=NEW)] * 6, described("AVAILABLE", version="v2", created=NEW), said=said)
    assert 2 <= len(said) <= 4
    assert said[0].startswith("  UPDATING")


def test_update_that_never_ends_is_given_up() -> None:
    """After an hour and a half, with the status that it has."""
    with pytest.raises(DeployError, match=r"is UPDATING after 9[0-9] minutes"):
        update(described("UPDATING", created=NEW))


def test_environment_that_went_back_to_what_it_had_has_failed() -> None:
    """MWAA may call it AVAILABLE after it has rolled back: what counts is what it runs with."""
    with pytest.raises(DeployError, match=r"the update failed \(AVAILABLE\)"):
        update(described("AVAILABLE", created=NEW))
