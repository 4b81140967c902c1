"""MWAA on this machine: what it makes of a bucket, and an Airflow on the packages of its image and nothing else.

As there, the DAG folder and the plugins folder are Airflow's own, no PYTHONPATH names anything of ours, and the
triggerer has no DAG folder. Different from there: tasks run in a LocalExecutor, and people log in by password.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import subprocess
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from laptop import aws, ports, postgres, processes, secrets_file, services
from laptop import settings as layout
from laptop.airflow_api import AirflowApi
from laptop.settings import Addresses, Settings
from mwaa.bundle import Bundle
from mwaa.environments import Say
from mwaa.rest_api import RestApi
from mwaa.smoke import Proof, SmokeTest
from tests.mwaa.account import Account
from tests.shared.localaws_process import unavailable

ROOT = Path(__file__).parents[2]
START_S = 180.0
# In containers of their own on MWAA, where the DAG folder is on no path of theirs.
WITHOUT_DAG_FOLDER = ("triggerer", "api-server")
# MWAA's `execute-user-startup-script`, which sources the startup script; its file of variables lies elsewhere.
STARTUP_SHELL = """
handle_exit() { echo '{}' > "${HOME}/customer_env_vars.json"; unalias exit; exit; }
shopt -s expand_aliases
alias exit=handle_exit
source "${HOME}/startup/startup.sh"
handle_exit
"""


def interpreter(version: str) -> Path:
    """The Python of the environment that holds what MWAA's image for that Airflow holds."""
    python = ROOT / f".venv-mwaa-{version}/bin/python"
    if not python.exists():
        unavailable(f"{python} is not there: `make bundle-test AIRFLOW={version}` makes it")
    return python


@dataclass
class Place:
    """One environment's containers."""

    version: str
    settings: Settings
    addresses: Addresses
    account: Account
    token: str
    home: Path
    proofs: list[Proof] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def api(self) -> RestApi:
        """Airflow as MWAA's API reaches it."""
        return RestApi(self.account.mwaa, self.account.environment)

    def environment(self, name: str = "worker") -> dict[str, str]:
        """The variables of a container."""
        base = {
            **layout.base_environment(os.environ, self.token),
            **layout.aws_environment(self.addresses),
            **layout.perennial_environment(self.addresses, "bundle-test"),
            **layout.airflow_environment(self.settings, self.addresses, secrets_file.ensure(self.settings)),
        }
        folder = "none" if name in WITHOUT_DAG_FOLDER else "dags"
        mine = {
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / folder),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.home / "plugins"),
            # The proof of a deployment waits for the files to be parsed once more.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "PATH": f"{interpreter(self.version).parent}:{os.environ['PATH']}",
        }
        return {key: value for key, value in {**base, **mine}.items() if key != "PYTHONPATH"}

    def install(self) -> None:
        """Lay out what the environment was given, as MWAA does: the DAG folder as it is, the rest by version."""
        given = self.account.described()
        folder = given["DagS3Path"].strip("/") + "/"
        for key, content in self.account.objects().items():
            if key.startswith(folder):
                self._lay("dags/" + key.removeprefix(folder), content)
        archive = self._version(given["PluginsS3Path"], given["PluginsS3ObjectVersion"])
        zipfile.ZipFile(io.BytesIO(archive)).extractall(self.home / "plugins")
        for path, prefix in (("requirements.txt", "Requirements"), ("startup/startup.sh", "StartupScript")):
            self._lay(path, self._version(given[f"{prefix}S3Path"], given[f"{prefix}S3ObjectVersion"]))

    def _version(self, key: str, version: str) -> bytes:
        found = self.account.s3.get_object(Bucket=self.account.bucket, Key=key, VersionId=version)
        return bytes(found["Body"].read())

    def _lay(self, path: str, content: bytes) -> None:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def startup(self) -> subprocess.CompletedProcess[str]:
        """Run the startup script as every container does first."""
        environment = {**self.environment(), "MWAA__CORE__REQUIREMENTS_PATH": str(self.home / "requirements.txt")}
        return self.run("/bin/bash", "-c", STARTUP_SHELL, environment=environment)

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in a worker's container."""
        env = dict(environment or self.environment())
        return subprocess.run(command, env=env, cwd=self.home, capture_output=True, text=True, check=False)

    def start(self) -> None:
        """Start Airflow, and wait until all of it is at work."""
        program = str(interpreter(self.version).with_name("airflow"))
        migrated = self.run(program, "db", "migrate")
        assert migrated.returncode == 0, migrated.stderr[-3000:]
        since = dt.datetime.now(dt.UTC)
        for name, options in services.AIRFLOW_PROCESSES.items():
            self.running[name] = processes.start(
                (program, name, *options),
                environment=self.environment(name),
                log=self.settings.logs / f"{name}.log",
                folder=self.home,
            )
        password = secrets_file.ensure(self.settings).admin_password
        with AirflowApi(self.addresses.airflow, password=password) as api:
            until(lambda: api.health() is not None, seconds=START_S, of="the API server")
            until(lambda: not services.unready(api.health(), since), seconds=START_S, of="Airflow")
        self.account.stand_for(self.addresses.airflow, password=password)

    def deploy(self, bundle: Bundle) -> Proof:
        """Bring a bundle here by the project's own deployment, with MWAA's part done where it waits for MWAA."""
        self.account.deploy(bundle, smoke=Installing(self))
        return self.proofs[-1]

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> str:
        """Have a DAG run, and wait for its end; how it ended."""
        self.api.ask("PATCH", f"/dags/{dag_id}", body={"is_paused": False})
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        self.api.ask("POST", f"/dags/{dag_id}/dagRuns", body=body)

        def state() -> str:
            return str(self.api.ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

        until(lambda: state() in ("success", "failed"), seconds=300, of=f"{dag_id} to end")
        return state()


class Installing(SmokeTest):
    """The proof, once MWAA has done its part of a deployment."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.api, poll_s=0.5)
        self._place = place

    def prove(self, bundle: Bundle, say: Say) -> Proof:
        """Lay out, start, and then look."""
        self._place.install()
        done = self._place.startup()
        assert done.returncode == 0, done.stdout + done.stderr
        self._place.start()
        self._place.proofs.append(super().prove(bundle, say))
        return self._place.proofs[-1]


@contextlib.contextmanager
def place(version: str, account: Account) -> Iterator[Place]:
    """An environment whose containers are gone afterwards; nothing runs in it before something is deployed."""
    interpreter(version)
    with tempfile.TemporaryDirectory(prefix="perennial-mwaa-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL's socket must have a short path, and localaws runs jobs by the interpreter that has the ML stack.
        settings = Settings(repo=ROOT, state=Path(folder), python=ROOT / ".venv/bin/python")
        token = uuid.uuid4().hex
        reaper = processes.start_reaper(token, settings.database, log=settings.logs / "reaper.log", folder=ROOT)
        try:
            yield _prepared(version, settings, account, token)
        finally:
            processes.kill_carrying(token)
            postgres.stop(settings.database)
            reaper.communicate(b"")


def _prepared(version: str, settings: Settings, account: Account, token: str) -> Place:
    uri = postgres.start(settings.database)
    aws_port = int(account.server.endpoint.rpartition(":")[2])
    addresses = Addresses(airflow_port=ports.free(0), aws_port=aws_port, database_uri=uri)
    aws.bootstrap(addresses.aws)
    home = settings.state / "airflow"
    home.mkdir(parents=True)
    return Place(version=version, settings=settings, addresses=addresses, account=account, token=token, home=home)


def images_file(folder: Path) -> Path:
    """What tells localaws which interpreter stands for the image of the jobs."""
    settings = Settings(repo=ROOT, state=folder, python=ROOT / ".venv/bin/python")
    settings.images.write_text(layout.images_file(settings))
    return settings.images


def until(holds: Callable[[], bool], *, seconds: float, of: str) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s for {of}"
        time.sleep(0.25)
