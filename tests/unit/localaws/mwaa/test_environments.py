"""Environments of the stand-in: an update takes its time, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localaws.mwaa.environments import Airflow, Environments
from localaws.mwaa.errors import MwaaError

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
MADE = {"SourceBucketArn": "arn:aws:s3:::mwaa", "DagS3Path": "dags"}
GIVEN = {"PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": "v2"}


class Clock:
    """A clock that stands still until it is moved."""

    now = BEGAN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def environments(clock: Clock) -> Environments:
    """One environment, whose bucket has plugins.zip in version v2."""
    made = Environments(has_object=lambda *of: of == ("mwaa", "plugins.zip", "v2"), clock=clock)
    made.create("ours", "arn:ours", MADE)
    return made


def test_update_takes_effect_when_it_has_ended(environments: Environments, clock: Clock) -> None:
    """Until then the environment is UPDATING and runs with what it had."""
    environments.update("ours", GIVEN)
    during = environments.describe("ours")
    assert (during["Status"], during["LastUpdate"]["Status"]) == ("UPDATING", "PENDING")
    assert "PluginsS3Path" not in during
    clock.now += timedelta(seconds=1)
    after = environments.describe("ours")
    assert (after["Status"], after["LastUpdate"]) == ("AVAILABLE", {"Status": "SUCCESS", "CreatedAt": BEGAN})
    assert after["PluginsS3ObjectVersion"] == "v2"


def test_object_that_is_not_there_fails_the_update(environments: Environments, clock: Clock) -> None:
    """The environment keeps what it had, and says which version its bucket lacks."""
    environments.update("ours", {**GIVEN, "PluginsS3ObjectVersion": "v3"})
    clock.now += timedelta(seconds=1)
    after = environments.describe("ours")
    assert after["Status"] == "UPDATE_FAILED"
    assert after["LastUpdate"]["Error"]["ErrorMessage"] == "s3://mwaa/plugins.zip has no version 'v3'"
    assert "PluginsS3Path" not in after


def test_failure_on_request_is_for_one_update(environments: Environments, clock: Clock) -> None:
    """The next one goes through."""
    environments.stand_for("ours", airflow=None, update_s=0, failure="startup script failed")
    environments.update("ours", GIVEN)
    assert environments.describe("ours")["LastUpdate"]["Error"]["ErrorMessage"] == "startup script failed"
    environments.update("ours", GIVEN)
    assert environments.describe("ours")["Status"] == "AVAILABLE"
    assert clock.now == BEGAN


def test_environment_that_is_being_changed_takes_no_update(environments: Environments) -> None:
    """As on MWAA, that is a validation error that names the status."""
    environments.update("ours", GIVEN)
    with pytest.raises(MwaaError, match="status UPDATING"):
        environments.update("ours", GIVEN)


def test_environment_stands_for_the_airflow_it_was_told(environments: Environments) -> None:
    """Before that it stands for none; one that does not exist is not found."""
    assert environments.airflow("ours") is None
    airflow = Airflow(url="http://127.0.0.1:8080", password="p")
    environments.stand_for("ours", airflow=airflow, update_s=1, failure="")
    assert environments.airflow("ours") == airflow
    with pytest.raises(MwaaError, match="Environment theirs not found"):
        environments.airflow("theirs")
