"""MWAA's API: an environment as it is, its update, and the wait for that."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from mwaa.bundle import PLUGINS, REQUIREMENTS, STARTUP
from mwaa.errors import DeployError

FIELDS: Mapping[str, str] = {PLUGINS: "Plugins", REQUIREMENTS: "Requirements", STARTUP: "StartupScript"}
IDLE = ("AVAILABLE", "UPDATE_FAILED")
UPDATE_S = 90 * 60.0  # MWAA itself gives an update up before
SAY_EVERY_S = 120.0

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An object that an environment was given; both are empty where it has none."""

    key: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class LastUpdate:
    """How the last update went: SUCCESS, PENDING or FAILED, and why."""

    status: str = ""
    created: dt.datetime | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment as MWAA describes it."""

    name: str
    status: str
    airflow: str
    bucket: str
    dag_folder: str
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    last_update: LastUpdate = LastUpdate()

    def key(self, path: str) -> str:
        """Where a path of the bundle lies in the bucket."""
        known = self.artifacts.get(path)
        if known is not None:
            return known.key or path
        return f"{self.dag_folder.strip('/')}/{path.partition('/')[2]}"


def environment(described: Mapping[str, Any]) -> Environment:
    """What GetEnvironment answers."""
    last = described.get("LastUpdate", {})
    error = last.get("Error", {})
    return Environment(
        name=described["Name"],
        status=described["Status"],
        airflow=described.get("AirflowVersion", ""),
        bucket=described.get("SourceBucketArn", "").rpartition(":")[2],
        dag_folder=described.get("DagS3Path", "dags"),
        artifacts={
            path: Artifact(
                key=described.get(f"{prefix}S3Path") or "", version=described.get(f"{prefix}S3ObjectVersion") or ""
            )
            for path, prefix in FIELDS.items()
        },
        last_update=LastUpdate(
            status=last.get("Status", ""),
            created=last.get("CreatedAt"),
            error=": ".join(filter(None, (error.get("ErrorCode"), error.get("ErrorMessage")))),
        ),
    )


class Environments:
    """The environments of an account; `mwaa` is a boto3 client."""

    def __init__(
        self,
        mwaa: Any,
        *,
        poll_s: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._mwaa, self._poll_s, self._clock, self._sleep = mwaa, poll_s, clock, sleep

    def describe(self, name: str) -> Environment:
        """An environment.

        Raises:
            DeployError: there is none of that name, or it may not be seen.
        """
        try:
            return environment(self._mwaa.get_environment(Name=name)["Environment"])
        except ClientError as error:
            raise DeployError(f"ENVIRONMENT={name}: {error}; look at account, region and name") from error

    def update(self, before: Environment, artifacts: Mapping[str, Artifact], say: Say) -> Environment:
        """Give the environment these artifacts, and wait until it runs with them.

        Raises:
            DeployError: MWAA refused, gave up, or took too long; the environment then runs with what it had.
        """
        fields: dict[str, str] = {}
        for path, artifact in artifacts.items():
            fields |= {f"{FIELDS[path]}S3Path": artifact.key, f"{FIELDS[path]}S3ObjectVersion": artifact.version}
        try:
            self._mwaa.update_environment(Name=before.name, **fields)
        except ClientError as error:
            raise DeployError(f"ENVIRONMENT={before.name}: MWAA refused the update: {error}") from error
        after = self._until_idle(before, say)
        stale = [path for path, artifact in artifacts.items() if after.artifacts[path] != artifact]
        if after.last_update.status == "FAILED" or after.status != "AVAILABLE" or stale:
            why = f"({after.status}): {after.last_update.error or 'no reason was given'}"
            raise DeployError(
                f"ENVIRONMENT={before.name}: the update failed {why}; look for PERENNIAL STARTUP FAILED "
                "in the startup log streams of its scheduler and workers. The DAG folder was not touched"
            )
        return after

    def _until_idle(self, before: Environment, say: Say) -> Environment:
        began, said_at, said = self._clock(), -SAY_EVERY_S, ""
        while True:
            found, passed_s = self.describe(before.name), self._clock() - began
            if _is_over(found, before):
                return found
            if passed_s > UPDATE_S:
                waited = f"{found.status} after {passed_s / 60:.0f} minutes"
                raise DeployError(f"ENVIRONMENT={before.name} is {waited}; look at it in the console")
            if found.status != said or passed_s - said_at >= SAY_EVERY_S:
                say(f"  {found.status}, {passed_s / 60:.0f} min")
                said, said_at = found.status, passed_s
            self._sleep(self._poll_s)


def _is_over(found: Environment, before: Environment) -> bool:
    """Whether an update that was asked for has ended: what was there before it has ended long ago."""
    last = found.last_update
    return found.status in IDLE and last.status != "PENDING" and last.created != before.last_update.created
