"""The Docker engine of this machine, and one compose project on it: a copy of the checkout, with ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from laptop import aws, ports
from laptop.airflow_api import AirflowApi
from tests.compose.compose_file import REPO

COPIED = ("dags", "plugins", "include", "laptop", "localaws", "docker")
COPIED_FILES = ("docker-compose.yaml", ".dockerignore", "requirements.txt")
BUILD_S = 900
COMMAND_S = 240


def problem() -> str | None:
    """Why nothing can be run in containers here; None where it can."""
    if shutil.which("docker") is None:
        return "there is no docker on this machine"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=30, check=False)
    if asked.returncode:
        return f"no Docker engine answers: {(asked.stderr.strip() or asked.stdout.strip()).splitlines()[-1]}"
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=30, check=False)
    return None if asked.returncode == 0 else "docker has no compose"


def docker(*arguments: str, timeout_s: float = COMMAND_S) -> str:
    """What a docker command prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def until[T](look: Callable[[], T | None], *, what: str, patience_s: float, pause_s: float = 0.5) -> T:
    """What `look` finds in the end: it is asked until it finds something, whatever it raises meanwhile."""
    deadline = time.monotonic() + patience_s
    last: object = None
    while time.monotonic() < deadline:
        try:
            if (found := look()) is not None:
                return found
        except Exception as error:  # noqa: BLE001 a server that is being restarted answers in many ways
            last = error
        time.sleep(pause_s)
    raise AssertionError(f"{what} did not come within {patience_s:.0f} s (last: {last!r})")


@dataclass(kw_only=True)
class Project:
    """One compose project and what it was told; `measured` is what it took, in words."""

    name: str
    folder: Path
    ui_port: int = field(default_factory=ports.free)
    aws_port: int = field(default_factory=ports.free)
    measured: list[str] = field(default_factory=list)

    def copy(self) -> None:
        """Copy what is built and mounted, so that a test may edit it."""
        leave = shutil.ignore_patterns("__pycache__")
        for name in COPIED:
            shutil.copytree(REPO / name, self.folder / name, ignore=leave)
        for name in COPIED_FILES:
            shutil.copy(REPO / name, self.folder / name)

    def compose(self, *arguments: str, timeout_s: float = COMMAND_S) -> str:
        """What a compose command prints."""
        mine = {"PERENNIAL_UI_PORT": str(self.ui_port), "PERENNIAL_AWS_PORT": str(self.aws_port)}
        command = ["docker", "compose", "--project-name", self.name, *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **mine},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}{self._logs()}"
        return done.stdout

    def timed(self, what: str, *arguments: str, timeout_s: float = COMMAND_S) -> None:
        """A command, and how long it took."""
        begun = time.monotonic()
        self.compose(*arguments, timeout_s=timeout_s)
        self.measured.append(f"{what}: {time.monotonic() - begun:.0f} s")

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each container that was started, by the name of its service."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}").split()
        found = json.loads(docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def restart(self, service: str) -> None:
        """Restart one service and wait until it is healthy again."""
        self.compose("restart", service)
        until(lambda: self._healthy(service), what=f"{service} healthy again", patience_s=120)

    def _healthy(self, service: str) -> bool | None:
        return self.containers()[service]["State"]["Health"]["Status"] == "healthy" or None

    def volumes(self) -> set[str]:
        """The volumes that there are, without the project's name."""
        found = docker("volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}").split()
        return {name.removeprefix(f"{self.name}_") for name in found}

    @cached_property
    def password(self) -> str:
        """What a person reads with `make compose-password`."""
        told = self.compose("exec", "-T", "api-server", "cat", "/var/lib/perennial/login/passwords.json")
        return str(json.loads(told)["admin"])

    @property
    def ui(self) -> str:
        """Address of the UI and its API."""
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def endpoint(self) -> str:
        """Address of AWS."""
        return f"http://127.0.0.1:{self.aws_port}"

    def api(self) -> AirflowApi:
        """A client of the UI's own API."""
        return AirflowApi(self.ui, password=self.password)

    def rest(self, path: str) -> Any:
        """What the UI's own API answers to a question that the laptop never asks."""
        with httpx.Client(base_url=self.ui, trust_env=False, timeout=30) as client:
            who = {"username": "admin", "password": self.password}
            token = client.post("/auth/token", json=who).raise_for_status().json()["access_token"]
            return client.get(path, headers={"Authorization": f"Bearer {token}"}).raise_for_status().json()

    def client(self, service: str) -> Any:
        """A client of an AWS service."""
        return aws.client(service, self.endpoint)

    def _logs(self) -> str:
        done = subprocess.run(
            ["docker", "compose", "--project-name", self.name, "logs", "--tail", "15"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f"\n{done.stdout[-12000:]}"
