"""`docker compose up` and `make up` are one system: the same options but for those that containers need otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.specs.environment import catch_up, environment
from laptop import settings as layout
from laptop.settings import Addresses, Secrets, Settings
from tests.compose.compose_file import services

SETTINGS = Settings(repo=Path("/srv/perennial"), state=Path("/state"), python=Path("/usr/bin/python"))
ADDRESSES = Addresses(airflow_port=8080, aws_port=4566, database_uri="postgresql://")
SECRETS = Secrets(fernet_key="f", jwt_secret="j", api_secret_key="a", admin_password="p")
AIRFLOW = ("migration", "api-server", "scheduler", "dag-processor", "triggerer")

# Each a file that was made at the first start, instead of a value.
READ_FROM_FILES = {
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
}
DIFFERENT = {
    # Several machines, as it were: one reaches the other by its name, and listens where the others come in.
    "AIRFLOW__API__HOST": "0.0.0.0",  # noqa: S104 in a network of its own; what is published is on 127.0.0.1
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://api-server:8080/execution/",
    "AWS_ENDPOINT_URL": "http://localaws:4566",
    # Where volumes are mounted.
    "AIRFLOW_HOME": "/home/airflow",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": "/var/lib/perennial/login/passwords.json",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": "/var/lib/perennial/logs/tasks",
    "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": "/var/lib/perennial/logs/dag_processor",
    # An edit is to be seen within half a minute.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "20",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "20",
    "AIRFLOW__PERENNIAL__IMAGE": layout.IMAGE.replace(":laptop", ":compose"),
    "AIRFLOW__PERENNIAL__CODE_VERSION": "unknown",
}
ADDED = {
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL",  # an edit is to be seen, however soon after another
    "AIRFLOW__CORE__HOSTNAME_CALLABLE",  # the name that a health check finds its own process by
    "DATABASE_URI_FILE",  # what a health check connects to
    "PYTHONDONTWRITEBYTECODE",  # what is mounted is read-only
    "PYTHONUNBUFFERED",  # as in `laptop.settings.base_environment`
}


def of_the_laptop() -> dict[str, str]:
    """What the laptop starts Airflow's processes with."""
    return {
        **layout.aws_environment(ADDRESSES),
        **layout.perennial_environment(ADDRESSES, "abc123"),
        **layout.airflow_environment(SETTINGS, ADDRESSES, SECRETS),
    }


@pytest.mark.parametrize("name", AIRFLOW)
def test_compose_and_laptop_set_the_same_options_but_these(name: str) -> None:
    """An option that one of them sets, the other sets too, and to the same value, but for those that are named here."""
    expected = {key: value for key, value in of_the_laptop().items() if key not in READ_FROM_FILES} | DIFFERENT
    found = {key: str(value) for key, value in services()[name]["environment"].items()}
    assert {key for key in found if key.endswith("_CMD")} == {f"{key}_CMD" for key in READ_FROM_FILES}
    assert {key: value for key, value in found.items() if not key.endswith("_CMD") and key not in ADDED} == expected


def test_every_difference_is_one() -> None:
    """What is listed as different differs."""
    laptop = of_the_laptop()
    assert [key for key, value in DIFFERENT.items() if laptop[key] == value] == []


def test_tasks_find_their_environment() -> None:
    """The project's own reader understands what the containers are started with, and pages open on this machine."""
    variables = {key: str(value) for key, value in services()["scheduler"]["environment"].items()}
    where = environment(variables)
    assert where.log_url("/aws/sagemaker/TrainingJobs", "job-1") == "http://127.0.0.1:4566/_localaws/logs/job-1"
    assert where.run_url("a", "b") == "http://127.0.0.1:8080/dags/a/runs/b"
    assert catch_up(variables) == 1


def test_the_database_and_the_password_belong_together() -> None:
    """PostgreSQL makes the user and the database that Airflow is told to use."""
    postgres = services()["postgres"]["environment"]
    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]) == ("airflow", "airflow")
