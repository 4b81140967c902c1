"""The whole system, once for all tests of this folder, in a state folder of its own and on free ports."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.specs import catalog
from laptop import processes, record, secrets_file
from laptop.airflow_api import AirflowApi
from laptop.settings import TOPIC_PREFIX, Settings
from tests.shared.inbox import inbox

sys.path.insert(0, str(Path(__file__).parent))

from whole_system import REPO, System, laptop


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """A state folder that is thrown away."""
    # Not pytest's own temporary folder: PostgreSQL's socket must have a short path.
    folder = Path(tempfile.mkdtemp(prefix="perennial-flow-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def system(state: Path) -> Iterator[System]:
    """A system that `up` has started; `down` ends it, and a reaper does where the tests are killed."""
    started = laptop(state, "up")
    assert started.returncode == 0, started.stderr
    settings = Settings(repo=REPO, state=state, python=Path(sys.executable))
    running = record.read(settings.record)
    assert running is not None
    reaper = processes.start_reaper(running.token, settings.database, log=settings.logs / "reaper.log", folder=REPO)
    password = secrets_file.ensure(settings).admin_password
    with AirflowApi(running.addresses.airflow, password=password) as api:
        yield System(settings=settings, api=api, endpoint=running.addresses.aws)
    stopped = laptop(state, "down")
    reaper.communicate(b"keep")
    assert stopped.returncode == 0, stopped.stderr


@pytest.fixture(scope="session")
def notifications(system: System) -> Callable[[], list[str]]:
    """What the models' topics were told, from before the first run on; asking again adds what came meanwhile."""
    box = inbox(system.client, [TOPIC_PREFIX + model for model in catalog.load()], queue="heard")
    heard: list[str] = []

    def listen() -> list[str]:
        heard.extend(box.take())
        return heard

    return listen
