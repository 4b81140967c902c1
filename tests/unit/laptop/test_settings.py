"""Which variables a system's processes are started with."""

import json
from pathlib import Path

from include.specs.environment import environment
from laptop import settings as layout
from laptop.settings import Addresses, Secrets, Settings

SETTINGS = Settings(repo=Path("/repo"), state=Path("/repo/.local"), python=Path("/repo/.venv/bin/python"))
ADDRESSES = Addresses(
    airflow_port=8080, aws_port=4566, database_uri="postgresql+psycopg2://postgres:@/postgres?host=/s"
)
SECRETS = Secrets(fernet_key="f", jwt_secret="j", api_secret_key="a", admin_password="p")


def test_a_profile_cannot_lead_to_a_real_account() -> None:
    """A person's own AWS variables reach no process, and every client has localaws as its endpoint."""
    outer = {"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com", "PATH": "/bin"}
    variables = layout.base_environment(outer, "t") | layout.aws_environment(ADDRESSES)
    assert "AWS_PROFILE" not in variables
    assert "AWS_ENDPOINT_URL_S3" not in variables
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables["PATH"] == "/bin"


def test_airflow_settings_of_another_project_are_dropped() -> None:
    """A person's AIRFLOW__ variables and virtual environment reach no process."""
    outer = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW_HOME": "/else", "VIRTUAL_ENV": "/else"}
    assert set(outer).isdisjoint(layout.base_environment(outer, "t"))


def test_every_process_carries_the_token() -> None:
    """The token and what keeps it readable are always set."""
    variables = layout.base_environment({}, "abc")
    assert variables[layout.TOKEN_VARIABLE] == "abc"
    assert variables["SPT_NOENV"] == "1"


def test_tasks_find_their_environment_in_what_is_set() -> None:
    """What the laptop sets is what the project's own reader wants."""
    read = environment(layout.perennial_environment(ADDRESSES, "abc123"))
    assert read.bucket == layout.BUCKET
    assert read.topic("churn") == "arn:aws:sns:us-east-1:123456789012:perennial-churn"
    assert (
        read.log_url("/aws/sagemaker/TrainingJobs", "churn-train-1") == f"{ADDRESSES.aws}/_localaws/logs/churn-train-1"
    )
    assert read.object_url("a/b.html") == f"{ADDRESSES.aws}/_localaws/objects/{layout.BUCKET}/a/b.html"
    assert (read.code_version, read.deferrable) == ("abc123", True)
    assert 0 < read.poll_interval_s <= 2


def test_airflow_listens_on_this_machine_only() -> None:
    """No address in Airflow's configuration is another machine's or every interface."""
    variables = layout.airflow_environment(SETTINGS, ADDRESSES, SECRETS)
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8080/execution/"
    assert not any("0.0.0.0" in value for value in variables.values())  # noqa: S104 looked for, not bound


def test_nothing_is_reported_to_anyone() -> None:
    """Usage data is off, by both of its switches."""
    variables = layout.airflow_environment(SETTINGS, ADDRESSES, SECRETS)
    assert variables["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert variables["SCARF_ANALYTICS"] == "false"


def test_all_state_lies_under_one_folder() -> None:
    """Removing the state folder removes everything."""
    names = (
        "airflow_home",
        "database",
        "aws_data",
        "images",
        "logs",
        "secrets",
        "passwords",
        "record",
        "lock",
        "reports",
    )
    assert all(getattr(SETTINGS, name).is_relative_to(SETTINGS.state) for name in names)


def test_the_image_is_this_checkout_with_its_interpreter() -> None:
    """The image that jobs ask for resolves to the interpreter and the code that everything else runs."""
    (image,) = json.loads(layout.images_file(SETTINGS))
    assert image["path"] == ["/repo/.venv/bin"]
    assert image["workdir"] == image["environment"]["PYTHONPATH"] == "/repo"
    assert "/perennial-ml:" in layout.IMAGE
