"""Deployments to an account on localaws, to an environment behind which an Airflow is scripted."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mwaa import images
from mwaa.bundle import ARTIFACTS, Bundle, bundle
from mwaa.errors import DeployError
from tests.mwaa.account import Account, account
from tests.mwaa.scripted_airflow import Script, serving
from tests.shared.localaws_process import Server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> Bundle:
    """The bundle of this checkout."""
    return bundle(ROOT, images.image("3.3"))


@pytest.fixture
def airflow() -> Iterator[Script]:
    """The environment's Airflow."""
    with serving(Script()) as script:
        yield script


@pytest.fixture
def ours(server: Server, airflow: Script) -> Account:
    """An account that nothing was brought to yet."""
    made = account(server)
    made.stand_for(airflow.url)
    return made


def with_file(made: Bundle, path: str, content: bytes) -> Bundle:
    """The bundle with another file, or with one more."""
    return dataclasses.replace(made, files={**made.files, path: content})


def without(made: Bundle, path: str) -> Bundle:
    """The bundle with a file less."""
    return dataclasses.replace(made, files={name: content for name, content in made.files.items() if name != path})


def test_first_deployment_brings_everything(ours: Account, made: Bundle, airflow: Script) -> None:
    """Every object, the three versions that the environment names, and a run that was asked for both digests."""
    ours.deploy(made)
    assert ours.objects() == made.files
    found = ours.described()
    newest = {key: ours.s3.head_object(Bucket=ours.bucket, Key=key)["VersionId"] for key in ARTIFACTS}
    assert found["PluginsS3ObjectVersion"] == newest["plugins.zip"]
    assert found["RequirementsS3ObjectVersion"] == newest["requirements.txt"]
    assert found["StartupScriptS3ObjectVersion"] == newest["startup.sh"]
    assert [run["conf"] for run in airflow.runs] == [made.stamps]
    assert "verified" in ours.said[-3]
    assert "proved: run deploy_" in ours.said[-1]


def test_dry_run_changes_nothing_and_says_what_would_be(ours: Account, made: Bundle, airflow: Script) -> None:
    """The plan is that of the deployment."""
    planned = ours.deploy(made, dry=True)
    assert "upload  plugins.zip" in ours.said
    assert ours.objects() == {}
    assert (ours.updates(), airflow.runs) == (0, [])
    assert ours.deploy(made) == planned


def test_second_deployment_sends_nothing_and_proves_all_the_same(ours: Account, made: Bundle, airflow: Script) -> None:
    """No object has a second version, and no update was asked for."""
    ours.deploy(made)
    assert ours.deploy(made).lines == (f"keep    {len(made.files)} files as they are",)
    versions = ours.s3.list_object_versions(Bucket=ours.bucket, Prefix="dags/")["Versions"]
    assert len(versions) == len([path for path in made.files if path.startswith("dags/")])
    assert ours.updates() == 1
    assert len(airflow.runs) == 2


def test_a_model_is_a_sync(ours: Account, made: Bundle) -> None:
    """A new spec is one object more, and no update."""
    ours.deploy(made)
    more = with_file(made, "dags/include/specs/catalog/more.py", b"MODEL = 1\n")
    assert ours.deploy(more).dags == ("dags/include/specs/catalog/more.py",)
    assert ours.objects() == more.files
    assert ours.updates() == 1


def test_what_was_removed_goes_and_what_is_not_ours_stays(ours: Account, made: Bundle) -> None:
    """Only what a deployment has put there is deleted."""
    ours.s3.put_object(Bucket=ours.bucket, Key="dags/theirs.py", Body=b"dag = airflow")
    ours.deploy(with_file(made, "dags/old.py", b"old"))
    assert ours.deploy(made).delete == ("dags/old.py",)
    assert ours.objects() == {**made.files, "dags/theirs.py": b"dag = airflow"}
    assert without(made, "dags/old.py") == made


def test_object_that_somebody_has_changed_is_put_right(ours: Account, made: Bundle) -> None:
    """What counts is what the bucket holds, not what the record says it was sent."""
    ours.deploy(made)
    for key in ("dags/training.py", "plugins.zip"):
        ours.s3.put_object(Bucket=ours.bucket, Key=key, Body=b"by hand")
    planned = ours.deploy(made)
    assert (planned.dags, planned.artifacts, planned.update) == (("dags/training.py",), ("plugins.zip",), ())
    assert ours.objects() == made.files


def test_failed_update_leaves_the_dag_folder_alone(ours: Account, made: Bundle, airflow: Script) -> None:
    """The old plugins go on with the old DAG files; the next deployment sends no artifact twice."""
    ours.deploy(made)
    changed = with_file(with_file(made, "plugins.zip", b"new"), "dags/training.py", b"new")
    ours.stand_for(airflow.url, update_failure="the startup script failed")
    with pytest.raises(DeployError, match="the startup script failed; look for PERENNIAL STARTUP FAILED"):
        ours.deploy(changed)
    assert ours.objects()["dags/training.py"] == made.files["dags/training.py"]
    again = ours.deploy(changed)
    assert (again.artifacts, again.update) == ((), ("plugins.zip",))
    assert ours.objects() == changed.files


class Meddled(Account):
    """An account in which somebody writes over a DAG file as soon as it is there."""

    @property
    def s3(self) -> Any:
        """S3, with that somebody listening."""
        client = self.server.client("s3")

        def meddle(params: dict[str, Any], **_: object) -> None:
            if params.get("url_path", "").endswith("/dags/training.py"):
                client.meta.events.unregister("before-call.s3.HeadObject", meddle)
                self.server.client("s3").put_object(Bucket=self.bucket, Key="dags/training.py", Body=b"theirs")

        def sent(**_: object) -> None:
            client.meta.events.register("before-call.s3.HeadObject", meddle)

        client.meta.events.register("after-call.s3.PutObject", sent)
        return client


def test_digest_that_differs_after_sending_is_found(ours: Account, made: Bundle, airflow: Script) -> None:
    """The deployment fails, names both digests, and asks Airflow for no proof."""
    meddled = Meddled(server=ours.server, bucket=ours.bucket, environment=ours.environment, said=[])
    with pytest.raises(DeployError, match=r"dags/training\.py: expected SHA-256 \w{64}, found .*; deploy once more"):
        meddled.deploy(made)
    assert airflow.runs == []


def test_progress_of_an_update_is_said(ours: Account, made: Bundle) -> None:
    """A person who waits half an hour sees that something happens."""
    ours.deploy(made)
    assert any(line.startswith("  UPDATING, 0 min") for line in ours.said)


def test_dag_folder_is_the_environments(server: Server, airflow: Script, made: Bundle) -> None:
    """DAG files go where the environment looks for them."""
    ours = account(server, dag_folder="teams/ml/dags/")
    ours.stand_for(airflow.url)
    ours.deploy(with_file(made, "dags/old.py", b"old"))
    ours.deploy(made)
    folder = {key.removeprefix("teams/ml/dags/") for key in ours.objects() if key.startswith("teams/")}
    assert folder == {path.removeprefix("dags/") for path in made.files if path.startswith("dags/")}


def test_bucket_without_versions_is_refused(ours: Account, made: Bundle) -> None:
    """The message says how to turn versioning on."""
    ours.s3.put_bucket_versioning(Bucket=ours.bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(DeployError, match=r"it is Suspended; MWAA names plugins\.zip by version: aws s3api put-bucket"):
        ours.deploy(made)
    assert ours.objects() == {}


def test_bucket_of_another_environment_is_refused(ours: Account, made: Bundle) -> None:
    """The message names the right one."""
    with pytest.raises(DeployError, match=f"reads s3://{ours.bucket}, got BUCKET=another"):
        ours.deploy(made, bucket="another")


def test_environment_of_another_airflow_is_refused(server: Server, made: Bundle) -> None:
    """The message says which bundle it takes."""
    with pytest.raises(DeployError, match=r"runs Airflow 3\.2\.1, the bundle is for 3\.3\.1: AIRFLOW=3\.2"):
        account(server, airflow="3.2.1").deploy(made)


def test_environment_at_work_is_refused(ours: Account, made: Bundle, airflow: Script) -> None:
    """It takes no update now, and what runs is not what it will run."""
    ours.stand_for(airflow.url, update_seconds=60)
    ours.mwaa.update_environment(Name=ours.environment, EnvironmentClass="mw1.medium")
    with pytest.raises(DeployError, match="is UPDATING; wait until it is AVAILABLE"):
        ours.deploy(made)


def test_failed_smoke_test_fails_the_deployment(ours: Account, made: Bundle, airflow: Script) -> None:
    """The message names the run and where its reason stands."""
    airflow.ends = "failed"
    with pytest.raises(DeployError, match=r"the smoke test failed: run deploy_\w+ of perennial_smoke; the log"):
        ours.deploy(made)


@pytest.mark.parametrize("file", ["training.py", "catalog.py"])
def test_file_that_airflow_cannot_import_fails_the_deployment(
    ours: Account, made: Bundle, airflow: Script, file: str
) -> None:
    """The message names the file and the reason, of the one without a DAG too; files of others do not matter."""
    airflow.broken = {file: "SpecError: churn: gate must be", "theirs.py": "ImportError: x"}
    with pytest.raises(DeployError, match=rf"cannot import\n  {file}: SpecError: churn: gate must be$"):
        ours.deploy(made)


def test_smoke_test_waits_for_a_folder_that_is_not_synchronised_yet(
    ours: Account, made: Bundle, airflow: Script
) -> None:
    """Airflow does not know the DAG at first."""
    airflow.looks_until_known = 3
    ours.deploy(made)
    assert len(airflow.runs) == 1


def test_lost_answer_triggers_no_second_run(ours: Account, made: Bundle, airflow: Script) -> None:
    """The run was there already when it was asked for again."""
    fault = {"kind": "lost_reply", "service": "airflow", "operation": "InvokeRestApi", "after": 1}
    assert ours.server.admin("POST", "/faults", fault)[0] == 201
    ours.deploy(made)
    assert len(airflow.runs) == 1
    _, faults = ours.server.admin("GET", "/faults")
    assert [each["hits"] for each in faults["faults"]] == [1]
    ours.server.admin("DELETE", "/faults")


def test_command_line_deploys(ours: Account) -> None:
    """As make gives it: exit 0 and the proof at the end; a refusal is exit 1 and one line."""
    command = [sys.executable, "-m", "mwaa", "deploy", "--poll-seconds", "0.1", "--bucket", ours.bucket]
    variables = {"AWS_ENDPOINT_URL": ours.server.endpoint, "AWS_DEFAULT_REGION": "eu-west-1"}

    def run(environment: str) -> subprocess.CompletedProcess[str]:
        line, env = [*command, "--environment", environment], os.environ | variables
        return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    done = run(ours.environment)
    assert done.returncode == 0, done.stderr
    assert "proved: run deploy_" in done.stdout.splitlines()[-1]
    refused = run("none-of-that-name")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "error: ENVIRONMENT=none-of-that-name" in refused.stderr
