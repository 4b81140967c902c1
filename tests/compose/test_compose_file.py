"""What docker-compose.yaml promises without being run: who reaches what, who may do what, and what is kept."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.compose_file import FILE, REPO, section, services, variables

SERVICES = services()
BUILT = {"perennial-airflow:compose", "perennial-localaws:compose", "perennial-ml:compose"}
PUBLIC = {"postgres:16", "python:3.12-slim-bookworm"}
ONE_SHOT = {"secrets", "account", "migration"}
TOOLS = {"ml"}
SERVERS = SERVICES.keys() - ONE_SHOT - TOOLS


def dockerfiles() -> Iterator[str]:
    """Every line of every Dockerfile."""
    for file in (REPO / "docker").glob("*.Dockerfile"):
        yield from file.read_text().splitlines()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each service."""
    return SERVICES[request.param]


def test_only_this_machine_reaches_what_is_published() -> None:
    """Each published port is bound to 127.0.0.1, and there are two: the UI and the API of AWS."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert sorted(ports) == ["127.0.0.1:4566:4566", "127.0.0.1:8080:8080"]


def test_nothing_gets_an_answer_from_the_internet() -> None:
    """Each network is internal, or leaves addresses as they are, to which no answer finds its way."""
    networks = section("networks")
    assert networks["inside"] == {"internal": True}
    assert networks["outside"] == {"driver_opts": {"com.docker.network.bridge.enable_ip_masquerade": "false"}}
    for name, service in SERVICES.items():
        expected = {"inside", "outside"} if "ports" in service else {"inside"}
        assert "network_mode" in service or set(service["networks"]) == expected, name


def test_nobody_is_root(service: dict[str, Any]) -> None:
    """Each container has a numeric user and group, neither of them root's."""
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_nobody_has_more_rights_than_an_ordinary_process(service: dict[str, Any]) -> None:
    """No capability and no way to gain one; a file system for reading; bounded memory, processes and log."""
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["pids_limit"] > 0
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service.keys().isdisjoint({"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode"})
    assert service.get("network_mode") in {None, "none"}


def test_nobody_has_the_engine_or_can_write_to_the_checkout(service: dict[str, Any]) -> None:
    """What is mounted of this machine is a folder of the checkout, for reading; Docker's socket is not."""
    for source, target, *options in (str(volume).split(":") for volume in service.get("volumes", ())):
        assert "docker.sock" not in source + target
        if "/" in source:
            assert source in {"./dags", "./plugins", "./include", "./laptop"}
            assert options == ["ro"]


def test_secrets_are_mounted_where_they_are_needed() -> None:
    """PostgreSQL sees its password alone, the API server alone the password of a person; who makes them is offline."""
    sees = {
        name: {volume.split(":")[0] for volume in service.get("volumes", ())} & {"keys", "login", "database-password"}
        for name, service in SERVICES.items()
    }
    airflow = {"migration", "scheduler", "dag-processor", "triggerer"}
    expected = {name: {"keys"} for name in airflow} | {
        "secrets": {"keys", "login", "database-password"},
        "postgres": {"database-password"},
        "api-server": {"keys", "login"},
    }
    assert {name: volumes for name, volumes in sees.items() if volumes} == expected
    assert SERVICES["secrets"]["network_mode"] == "none"


def test_no_secret_is_in_the_files() -> None:
    """What is called a key, a secret or a password is a file to be read, but for keys that localaws does not check."""
    told = {
        (name, value)
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|KEY|CONN", name) and not re.search("_(CMD|FILE)$", name) and value != "/dev/null"
    }
    assert told == {
        ("AWS_ACCESS_KEY_ID", "laptop"),
        ("AWS_SECRET_ACCESS_KEY", "laptop"),
        ("AIRFLOW_CONN_AWS_DEFAULT", "aws://"),
    }


def test_a_persons_variables_stay_with_the_person() -> None:
    """Git ignores `.env`, and no image is built from more than these folders."""
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=REPO, check=False)
    assert ignored.returncode == 0
    lines = [line for line in (REPO / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["*", "!docker", "!include", "!localaws", "**/__pycache__"]


def test_the_example_names_every_variable_with_its_default() -> None:
    """What `.env.example` sets is what holds without it, and nothing is left out."""
    lines = (REPO / ".env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert told == variables()
    arguments = {argument for service in SERVICES.values() for argument in service.get("build", {}).get("args", ())}
    assert {line.removeprefix("# ").rstrip("=") for line in lines if line.endswith("=")} == arguments


def test_images_have_a_version() -> None:
    """What is not built here has the tag of a version, in the compose file and in the Dockerfiles."""
    assert {service["image"] for service in SERVICES.values() if "build" not in service} <= PUBLIC
    assert {service["image"] for service in SERVICES.values() if "build" in service} == BUILT
    froms = [line.split() for line in dockerfiles() if line.startswith("FROM ")]
    stages = {words[3] for words in froms if len(words) > 2}
    assert {words[1] for words in froms} - stages <= PUBLIC


def test_every_package_is_pinned_by_its_hash() -> None:
    """Nothing is installed but what a lock names, and each lock says of each version what the developers' says."""
    assert not [
        line for line in dockerfiles() if "install" in line and "pip" in line and "--require-hashes" not in line
    ]
    developers = pins(REPO / "requirements-dev.lock")
    for name in ("ml", "localaws", "airflow"):
        found = pins(REPO / f"docker/{name}.lock")
        assert found
        assert {package: found[package] for package in found if developers.get(package) != found[package]} == {}


def pins(lock: Path) -> dict[str, str]:
    """Package and version, as a lock has them, where a hash follows."""
    return dict(re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:", lock.read_text(), re.MULTILINE))


def test_waiting_waits_for_what_ends_too() -> None:
    """Each container that ends is waited for by another: `up --wait` would call its end a failure otherwise."""
    waited = {
        name
        for service in SERVICES.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert waited == ONE_SHOT


def test_servers_are_watched_and_come_back() -> None:
    """Each server has a health check and is started again when it ends; a one-shot is not."""
    for name in SERVERS:
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert not [name for name in ONE_SHOT | TOOLS if "restart" in SERVICES[name]]


def test_jobs_are_started_as_the_image_would_start_them() -> None:
    """What localaws is told of the image is what its Dockerfile says."""
    (image,) = json.loads((REPO / "docker/images.json").read_text())
    text = (REPO / "docker/ml.Dockerfile").read_text().split(" AS ml\n")[1].split("\nFROM ")[0]
    assert f"WORKDIR {image['workdir']}\n" in text
    assert f"PATH={':'.join(image['path'])}:$PATH" in text
    for name, value in image["environment"].items():
        assert f"{name}={value}" in text
    match = image["match"].strip("*")
    assert match in SERVICES["scheduler"]["environment"]["AIRFLOW__PERENNIAL__IMAGE"]


def test_the_file_is_where_docker_looks_for_it() -> None:
    """`docker compose up` in the checkout needs no option."""
    assert FILE.name in {"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
