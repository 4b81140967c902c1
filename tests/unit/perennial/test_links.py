"""Buttons on a task in the UI."""

from types import SimpleNamespace
from typing import Any

import pytest
from perennial.links import JobLogLink, ReportLink, StoredLink


@pytest.fixture
def xcoms(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stands in for the API server, which holds a run's XComs."""
    stored: dict[str, Any] = {}
    monkeypatch.setattr("perennial.links.XCom.get_value", lambda *, key, ti_key: stored.get(key))  # noqa: ARG005
    return stored


@pytest.mark.parametrize("link", [JobLogLink, ReportLink])
def test_stored_address_is_read_back(link: type[StoredLink], xcoms: dict[str, Any]) -> None:
    """What a task stores while it runs is what its button opens."""
    task_instance = SimpleNamespace(xcom_push=lambda key, value: xcoms.update({key: value}))
    link.store({"ti": task_instance}, "https://logs/1")
    assert link().get_link(None, ti_key=None) == "https://logs/1"


def test_links_do_not_mix(xcoms: dict[str, Any]) -> None:
    """A task with both has two addresses."""
    keys = {JobLogLink().xcom_key, ReportLink().xcom_key}
    assert len(keys) == 2
    xcoms[JobLogLink().xcom_key] = "https://logs/1"
    assert ReportLink().get_link(None, ti_key=None) == ""


def test_link_without_address_is_empty(xcoms: dict[str, Any]) -> None:
    """A task that has stored none has a greyed-out button, not an error."""
    assert xcoms == {}
    assert JobLogLink().get_link(None, ti_key=None) == ""
