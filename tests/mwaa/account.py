"""An account with an environment of MWAA, on localaws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mwaa.bucket import RECORD, Bucket
from mwaa.bundle import Bundle
from mwaa.deployment import Deployment
from mwaa.environments import Environments
from mwaa.plan import Plan
from mwaa.rest_api import RestApi
from mwaa.smoke import SmokeTest
from tests.shared.localaws_process import Server, unique

POLL_S = 0.05


@dataclass
class Account:
    """An environment and its bucket; `said` is what deployments have said."""

    server: Server
    bucket: str
    environment: str
    said: list[str]
    before: int = 0

    @property
    def mwaa(self) -> Any:
        """MWAA's API."""
        return self.server.client("mwaa", inject_host_prefix=False)

    @property
    def s3(self) -> Any:
        """S3."""
        return self.server.client("s3")

    def deploy(self, bundle: Bundle, *, dry: bool = False, bucket: str = "", smoke: SmokeTest | None = None) -> Plan:
        """Bring a bundle to the environment."""
        self.said.clear()
        return Deployment(
            bundle=bundle,
            bucket=Bucket(self.s3, bucket or self.bucket),
            environments=Environments(self.mwaa, poll_s=POLL_S),
            smoke=smoke or SmokeTest(RestApi(self.mwaa, self.environment), poll_s=POLL_S),
            say=self.said.append,
        ).run(self.environment, dry=dry)

    def stand_for(self, url: str, *, password: str = "", **update: Any) -> None:
        """Say which Airflow the environment is, and how its next update goes."""
        told = {"url": url, "password": password, "update_seconds": 0.2, **update}
        status, _ = self.server.admin("PUT", f"/mwaa/environments/{self.environment}", told)
        assert status == 200

    def objects(self) -> dict[str, bytes]:
        """What lies in the bucket, but for the record of deployments."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        keys = [each["Key"] for each in listed if each["Key"] != RECORD]
        return {key: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}

    def described(self) -> dict[str, Any]:
        """The environment, as MWAA describes it."""
        found: dict[str, Any] = self.mwaa.get_environment(Name=self.environment)["Environment"]
        return found

    def updates(self) -> int:
        """How many updates of this environment were asked for."""
        return _updates(self.server) - self.before


def _updates(server: Server) -> int:
    _, calls = server.admin("GET", "/calls?service=airflow&operation=UpdateEnvironment")
    return len(calls["calls"])


def account(server: Server, *, airflow: str = "3.3.1", dag_folder: str = "dags") -> Account:
    """A new environment of that Airflow, with a bucket of its own and nothing in it."""
    made = Account(server=server, bucket=unique("mwaa"), environment=unique("environment"), said=[])
    made.before = _updates(server)
    made.s3.create_bucket(Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    made.s3.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
    made.mwaa.create_environment(
        Name=made.environment,
        ExecutionRoleArn="arn:aws:iam::123456789012:role/mwaa",
        SourceBucketArn=f"arn:aws:s3:::{made.bucket}",
        DagS3Path=dag_folder,
        AirflowVersion=airflow,
        NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    )
    return made
