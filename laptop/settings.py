"""Where everything of one system lies and which variables its processes are started with. Pure: nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "123456789012"  # the account that moto answers for
BUCKET = "perennial-lake"
ROLE = "perennial-jobs"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/perennial-ml:laptop"
TOPIC_PREFIX = f"arn:aws:sns:{REGION}:{ACCOUNT}:perennial-"
# Every process of a system carries this variable, so that it can be found again whoever started it.
TOKEN_VARIABLE = "PERENNIAL_SYSTEM"  # noqa: S105 a name, no secret
# A person's own settings for Airflow or AWS must not reach the system: a profile could lead it to a real account.
FOREIGN = ("AIRFLOW", "AWS_", "BOTO", "PYTHON", "PG", "VIRTUAL_ENV", "_AIRFLOW")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One system: the checkout it runs and the folder that holds all its state."""

    repo: Path
    state: Path
    python: Path

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder: its configuration and task logs."""
        return self.state / "airflow"

    @property
    def database(self) -> Path:
        """PostgreSQL's data folder."""
        return self.state / "postgres"

    @property
    def aws_data(self) -> Path:
        """What localaws keeps across restarts."""
        return self.state / "localaws"

    @property
    def images(self) -> Path:
        """The file that tells localaws which interpreter stands in for the `ml` image."""
        return self.state / "images.json"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.state / "logs"

    @property
    def secrets(self) -> Path:
        """Keys and passwords that were generated for this system."""
        return self.state / "secrets.json"

    @property
    def passwords(self) -> Path:
        """The simple auth manager's own password file."""
        return self.state / "passwords.json"

    @property
    def record(self) -> Path:
        """What is running (see `laptop.record`)."""
        return self.state / "system.json"

    @property
    def lock(self) -> Path:
        """Held while a command changes or uses the system."""
        return self.state / "lock"

    @property
    def reports(self) -> Path:
        """The reports of past runs, for reading in a browser."""
        return self.state / "reports"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the servers of one start listen, on this machine only."""

    airflow_port: int
    aws_port: int
    database_uri: str

    @property
    def airflow(self) -> str:
        """Base URL of Airflow's API and UI."""
        return f"http://{HOST}:{self.airflow_port}"

    @property
    def aws(self) -> str:
        """Endpoint of every AWS service."""
        return f"http://{HOST}:{self.aws_port}"


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Keys that all Airflow processes must share, and the password of the user `admin`."""

    fernet_key: str
    jwt_secret: str
    api_secret_key: str
    admin_password: str


def base_environment(outer: Mapping[str, str], token: str) -> dict[str, str]:
    """The variables every process gets: the person's own without what could lead it astray, and the token."""
    kept = {name: value for name, value in outer.items() if not name.startswith(FOREIGN)}
    return kept | {
        TOKEN_VARIABLE: token,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        # setproctitle writes titles over the environment that the token is found in, unless this is set.
        "SPT_NOENV": "1",
        "PYTHONUNBUFFERED": "1",
    }


def aws_environment(addresses: Addresses) -> dict[str, str]:
    """What makes every AWS client of a process talk to localaws, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": addresses.aws,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "laptop",
        "AWS_SECRET_ACCESS_KEY": "laptop",  # no secret: localaws checks none
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    }


def perennial_environment(addresses: Addresses, code_version: str) -> dict[str, str]:
    """The section `perennial` of Airflow's configuration (see `include.specs.environment`)."""
    options = {
        "BUCKET": BUCKET,
        "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
        "IMAGE": IMAGE,
        "TOPIC_PREFIX": TOPIC_PREFIX,
        "LOG_PAGE": addresses.aws + "/_localaws/logs/{job}",
        "OBJECT_PAGE": addresses.aws + "/_localaws/objects/{bucket}/{key}",
        "POLL_INTERVAL_S": "2",
        # That it was switched off is no outage: nobody waits for the days between two starts.
        "CATCH_UP": "1",
        "CODE_VERSION": code_version,
    }
    return {f"AIRFLOW__PERENNIAL__{name}": value for name, value in options.items()}


def airflow_environment(settings: Settings, addresses: Addresses, secrets: Secrets) -> dict[str, str]:
    """Airflow's configuration, as variables."""
    options = {
        **_core(settings, addresses, secrets),
        **_api(addresses, secrets),
        **_pace(),
        "LOGGING__BASE_LOG_FOLDER": str(settings.logs / "tasks"),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(settings.logs / "dag_processor"),
        "LOGGING__COLORED_CONSOLE_LOG": "False",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    variables = {f"AIRFLOW__{name}": value for name, value in options.items()}
    return variables | {
        "AIRFLOW_HOME": str(settings.airflow_home),
        "PYTHONPATH": str(settings.repo),
        "SCARF_ANALYTICS": "false",
    }


def _core(settings: Settings, addresses: Addresses, secrets: Secrets) -> dict[str, str]:
    return {
        "CORE__DAGS_FOLDER": str(settings.repo / "dags"),
        "CORE__PLUGINS_FOLDER": str(settings.repo / "plugins"),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__FERNET_KEY": secrets.fernet_key,
        "CORE__EXECUTION_API_SERVER_URL": f"{addresses.airflow}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(settings.passwords),
        "DATABASE__SQL_ALCHEMY_CONN": addresses.database_uri,
    }


def _api(addresses: Addresses, secrets: Secrets) -> dict[str, str]:
    return {
        "API__HOST": HOST,
        "API__PORT": str(addresses.airflow_port),
        "API__BASE_URL": addresses.airflow,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.api_secret_key,
        "API_AUTH__JWT_SECRET": secrets.jwt_secret,
    }


def _pace() -> dict[str, str]:
    """One person waits at the terminal and nobody else uses the machine: look often, run little at once."""
    return {
        "CORE__PARALLELISM": "4",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        # Also how late the end of a task may be noticed; it has to stay below the interval at which jobs are polled.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # Tasks are forked from a server that has imported what all of them need, so that none pays for it again.
        "SCHEDULER__MP_START_METHOD": "forkserver",
        "SCHEDULER__MP_FORKSERVER_PRELOAD": "airflow,perennial.preload",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "60",
    }


def images_file(settings: Settings) -> str:
    """What stands in for the `ml` image: this checkout, and the interpreter that everything else runs with."""
    image = {
        "match": "*/perennial-ml:*",
        "path": [str(settings.python.parent)],
        "workdir": str(settings.repo),
        "environment": {"PYTHONPATH": str(settings.repo)},
    }
    return json.dumps([image], indent=2)
