"""The smoke test: which bundle it accepts, what it cannot run without, and what it leaves to another try."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from perennial import stamps
from perennial.operators.smoke import SmokeOperator
from perennial.triggers.smoke import SmokeTrigger

import include
from include.specs import catalog

SETTINGS = {"BUCKET": "lake", "ROLE_ARN": "arn:role", "IMAGE": "image", "TOPIC_PREFIX": "arn:topic-"}
NEW, OLD = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A place with all settings, whose DAG folder and plugins came in the new bundle."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"AIRFLOW__PERENNIAL__{name}", value)
    for package, folder in ((include, "include"), (stamps, "perennial")):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(package, "__file__", str(tmp_path / folder / "module.py"))
        stamped(tmp_path / folder, NEW)
    return tmp_path


def stamped(folder: Path, digest: str) -> None:
    """Have that folder come in the bundle of that digest."""
    (folder / stamps.STAMP).write_text(f'{{"sha256": "{digest}"}}')


def context(**params: str | None) -> dict[str, Any]:
    """A run that was asked for with these params."""
    return {"params": {"dags": None, "plugins": None, **params}}


def test_a_place_that_has_what_was_sent_is_proved_in_the_triggerer_too() -> None:
    """It waits for a trigger of ours, and ends with the catalog's models and both digests."""
    operator, run = SmokeOperator(task_id="prove"), context(dags=NEW, plugins=NEW)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(run)
    assert isinstance(deferred.value.trigger, SmokeTrigger)
    found = operator.resumed(run, fired(deferred.value.trigger))
    assert found == {"models": sorted(catalog.load()), "dags": NEW, "plugins": NEW}


def fired(trigger: SmokeTrigger) -> Any:
    """The payload of the event that the trigger fires."""

    async def first() -> Any:
        return await anext(trigger.run())

    return asyncio.run(first()).payload


@pytest.mark.parametrize(("folder", "words"), [("include", "dags of a worker"), ("perennial", "plugins of a worker")])
def test_an_older_bundle_is_left_to_another_try(place: Path, folder: str, words: str) -> None:
    """A folder that is not synchronised yet fails the try, not the task, and says what is there."""
    stamped(place / folder, OLD)
    with pytest.raises(AirflowException, match=f"{words}: expected the bundle {NEW[:12]}, found {OLD[:12]}") as failed:
        SmokeOperator(task_id="prove").execute(context(dags=NEW, plugins=NEW))
    assert not isinstance(failed.value, AirflowFailException)


def test_a_triggerer_with_older_plugins_is_found(place: Path) -> None:
    """What it fires names its own plugins, and these are compared too."""
    assert place
    with pytest.raises(AirflowException, match="plugins of the triggerer: expected the bundle aaa"):
        SmokeOperator(task_id="prove").resumed(context(plugins=NEW), {"plugins": OLD})


def test_no_bundle_is_none(place: Path) -> None:
    """On a laptop there is no stamp, and a run that asks for no digest passes there."""
    (place / "include" / stamps.STAMP).unlink()
    assert SmokeOperator(task_id="prove").resumed(context(), {"plugins": ""})["dags"] == ""


def test_a_missing_setting_ends_the_task_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other try can mend it."""
    monkeypatch.delenv("AIRFLOW__PERENNIAL__ROLE_ARN")
    with pytest.raises(AirflowFailException, match=r"perennial\.role_arn"):
        SmokeOperator(task_id="prove").execute(context())
