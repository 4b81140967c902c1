"""A deployment, one step after the other: look, plan, send, update, prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mwaa.bucket import Bucket, Stored
from mwaa.bundle import ARTIFACTS, Bundle
from mwaa.environments import IDLE, Artifact, Environment, Environments, Say
from mwaa.errors import DeployError
from mwaa.plan import Found, Plan, plan
from mwaa.smoke import SmokeTest


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A bundle on its way to an environment."""

    bundle: Bundle
    bucket: Bucket
    environments: Environments
    smoke: SmokeTest
    say: Say

    def run(self, name: str, *, dry: bool) -> Plan:
        """Bring the bundle to the environment `name`; a dry run only says what would be done.

        Raises:
            DeployError: something refused, or the proof failed.
        """
        environment = self.environments.describe(name)
        check(environment, self.bundle, self.bucket.name)
        self.bucket.require_versioned()
        sent = self.bucket.record()
        planned = plan(self.bundle.digests, self.found(environment, sent))
        for line in planned.lines:
            self.say(line)
        if not dry:
            self._carry_out(planned, environment, sent)
            self._prove()
        return planned

    def found(self, environment: Environment, sent: Mapping[str, str]) -> Found:
        """What is there now, of all that is to be there or was once sent."""
        wanted = {environment.key(path): path for path in self.bundle.files}
        known = {key: wanted.get(key, _path(key, environment)) for key in [*wanted, *sent]}
        stored = {path: self.bucket.stored(key) for key, path in known.items()}
        runs = {path: self._running(environment.artifacts[path]) for path in ARTIFACTS}
        return Found(
            sent={known[key]: digest for key, digest in sent.items()},
            objects={path: each.digest for path, each in stored.items() if each},
            running={path: each.digest for path, each in runs.items() if each},
        )

    def _running(self, artifact: Artifact) -> Stored | None:
        return self.bucket.stored(artifact.key, artifact.version) if artifact.version else None

    def _carry_out(self, planned: Plan, environment: Environment, sent: Mapping[str, str]) -> None:
        wanted = {environment.key(path): digest for path, digest in self.bundle.digests.items()}
        # First of all: whatever ends this, the next deployment knows what it has put there.
        self.bucket.write_record({**sent, **wanted}, airflow=self.bundle.airflow)
        for path in planned.artifacts:
            self.bucket.put(environment.key(path), self.bundle.files[path])
        # Before the DAG files: they may need the new plugins, and MWAA reads them within a minute.
        if planned.update:
            self._update(planned, environment)
        for path in planned.dags:
            self.bucket.put(environment.key(path), self.bundle.files[path])
        for path in planned.delete:
            self.bucket.delete(environment.key(path))
        for key, digest in wanted.items():
            self.bucket.require(key, digest)
        self.bucket.write_record(wanted, airflow=self.bundle.airflow)
        self.say(f"verified {len(wanted)} digests in s3://{self.bucket.name}")

    def _update(self, planned: Plan, environment: Environment) -> None:
        given = {path: environment.key(path) for path in planned.update}
        versions = {path: self.bucket.require(key, self.bundle.digests[path]).version for path, key in given.items()}
        artifacts = {path: Artifact(key=given[path], version=versions[path]) for path in given}
        self.environments.update(environment, artifacts, self.say)

    def _prove(self) -> None:
        proof = self.smoke.prove(self.bundle, self.say)
        self.say(f"proved: run {proof.run_id} ended well; {len(proof.dags)} DAGs parsed since, no import error")


def check(environment: Environment, bundle: Bundle, bucket: str) -> None:
    """Refuse an environment that the bundle is not for.

    Raises:
        DeployError: it is at work, reads another bucket, or runs another Airflow.
    """
    about = f"ENVIRONMENT={environment.name}"
    if environment.status not in IDLE:
        raise DeployError(f"{about} is {environment.status}; wait until it is AVAILABLE")
    if environment.bucket != bucket:
        raise DeployError(f"{about} reads s3://{environment.bucket}, got BUCKET={bucket}")
    if environment.airflow != bundle.airflow:
        wanted = environment.airflow.rpartition(".")[0]
        raise DeployError(
            f"{about} runs Airflow {environment.airflow}, the bundle is for {bundle.airflow}: AIRFLOW={wanted}"
        )


def _path(key: str, environment: Environment) -> str:
    """The path in a bundle of an object that was once sent and is wanted no more."""
    folder = f"{environment.dag_folder.strip('/')}/"
    return f"dags/{key.removeprefix(folder)}" if key.startswith(folder) else key
