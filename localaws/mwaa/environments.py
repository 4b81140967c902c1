"""Environments: what they were given, and what becomes of an update in the time that it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localaws.mwaa.errors import not_found, validation

UPDATE_S = 1.0  # 20 to 30 minutes on AWS
ARTIFACTS = ("Plugins", "Requirements", "StartupScript")
IDLE = ("AVAILABLE", "UPDATE_FAILED")

# Whether a bucket has an object in that version.
HasObject = Callable[[str, str, str], bool]


@dataclass(frozen=True, kw_only=True)
class Airflow:
    """The Airflow that an environment stands for: its address, and who asks it for a token."""

    url: str
    username: str = "admin"
    password: str = ""


@dataclass(kw_only=True)
class Record:
    """One environment. ``members`` is what GetEnvironment answers; ``pending`` is what an update will make of them."""

    members: dict[str, Any]
    pending: dict[str, Any] = field(default_factory=dict)
    ends: datetime | None = None
    airflow: Airflow | None = None
    update_s: float = UPDATE_S
    failure: str = ""


class Environments:
    """All environments of this machine, whatever account and region a request names."""

    def __init__(self, *, has_object: HasObject, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._has_object, self._clock = has_object, clock
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()

    def create(self, name: str, arn: str, request: Mapping[str, Any]) -> None:
        """Make an environment, which is there at once.

        Raises:
            MwaaError: there is one of that name.
        """
        with self._lock:
            if name in self._records:
                raise validation(f"Environment {name} already exists")
            at = self._clock()
            told = {
                "Name": name,
                "Arn": arn,
                "Status": "AVAILABLE",
                "CreatedAt": at,
                "WebserverUrl": "https://127.0.0.1",
            }
            self._records[name] = Record(members={"AirflowVersion": "3.3.1", **request, **told})

    def delete(self, name: str) -> None:
        """Forget an environment."""
        with self._lock:
            self._settled(name)
            del self._records[name]

    def names(self) -> list[str]:
        """All names."""
        return sorted(self._records)

    def describe(self, name: str) -> dict[str, Any]:
        """The environment as it is now."""
        with self._lock:
            return dict(self._settled(name).members)

    def update(self, name: str, request: Mapping[str, Any]) -> str:
        """Begin an update; the environment's ARN.

        Raises:
            MwaaError: there is no such environment, or it is being changed already.
        """
        with self._lock:
            record, at = self._settled(name), self._clock()
            status = record.members["Status"]
            if status not in IDLE:
                raise validation(f"Environment {name} is in status {status} and cannot be updated")
            record.pending, record.ends = dict(request), at + timedelta(seconds=record.update_s)
            record.members |= {"Status": "UPDATING", "LastUpdate": {"Status": "PENDING", "CreatedAt": at}}
            return str(record.members["Arn"])

    def stand_for(self, name: str, *, airflow: Airflow | None, update_s: float, failure: str) -> None:
        """Say which Airflow an environment is, how long its updates take, and why its next one fails, if it does."""
        with self._lock:
            record = self._settled(name)
            record.airflow, record.update_s, record.failure = airflow, update_s, failure

    def airflow(self, name: str) -> Airflow | None:
        """The Airflow that the environment stands for."""
        with self._lock:
            return self._settled(name).airflow

    def _settled(self, name: str) -> Record:
        if name not in self._records:
            raise not_found(name)
        record = self._records[name]
        if record.ends is not None and self._clock() >= record.ends:
            self._end_update(record)
        return record

    def _end_update(self, record: Record) -> None:
        last = record.members["LastUpdate"]
        if problem := record.failure or next(self._missing({**record.members, **record.pending}), ""):
            error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": problem}
            record.members |= {"Status": "UPDATE_FAILED", "LastUpdate": {**last, "Status": "FAILED", "Error": error}}
        else:
            record.members |= record.pending
            record.members |= {"Status": "AVAILABLE", "LastUpdate": {**last, "Status": "SUCCESS"}}
        record.pending, record.ends, record.failure = {}, None, ""

    def _missing(self, members: Mapping[str, Any]) -> Iterator[str]:
        bucket = str(members["SourceBucketArn"]).rpartition(":")[2]
        for prefix in ARTIFACTS:
            key, version = members.get(f"{prefix}S3Path"), members.get(f"{prefix}S3ObjectVersion", "")
            if key and not self._has_object(bucket, key, version):
                yield f"s3://{bucket}/{key} has no version {version!r}"
