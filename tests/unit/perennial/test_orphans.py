"""Jobs that nobody waits for are stopped, by one thread and soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from perennial import orphans
from perennial.hooks.jobs import KINDS, Jobs, Owner
from perennial.orphans import WAITS_S, Orphans

OWNERS = [Owner(task=f"task {number}", attempt="1") for number in range(90)]
NOUNS = [kind.noun for kind in KINDS.values()]
TWICE = (0.0, 0.01)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every client that is made, the last one last."""
    made: list[Any] = []

    def client(_: str) -> Any:
        made.append(SimpleNamespace())
        return made[-1]

    monkeypatch.setattr(orphans, "client", client)
    return made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, clients: list[Any]) -> Callable[[Any], list[Any]]:
    """Has each look at the jobs of a kind do something; gives what was looked for."""
    del clients

    def keep(then: Callable[[int], None]) -> list[Any]:
        found: list[Any] = []

        def stop_all(jobs: Jobs, model: str, *, owners: Any) -> None:
            found.append((jobs.kind.noun, model, owners))
            then(len(found))

        monkeypatch.setattr(Jobs, "stop_all", stop_all)
        return found

    return keep


def _nothing(_: int) -> None:
    pass


def _refuse_the_first(number: int) -> None:
    if number == 1:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def _looking(jobs: Orphans, looks: Any, model: str) -> tuple[Any, threading.Event]:
    """All looks from now on, of which the first, for jobs of `model`, goes on until the event is set."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: int) -> None:
        begun.set()
        assert go_on.wait(60)

    found = looks(wait)
    jobs.stop(model, OWNERS[:1])
    assert begun.wait(60)
    return found, go_on


def _until_idle() -> None:
    deadline = time.monotonic() + 60
    while [thread for thread in threading.enumerate() if thread.name == "stop jobs"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_many_marks_are_one_look(looks: Any, clients: list[Any]) -> None:
    """Who asks does not wait: what is asked for while a look goes on is looked for afterwards, each kind once, with
    the one client.
    """
    jobs = Orphans(waits_s=(0.0,))
    found, go_on = _looking(jobs, looks, "churn")
    for owner in OWNERS[1:]:
        jobs.stop("churn", [owner])
    go_on.set()
    _until_idle()
    assert found == [(noun, "churn", owners) for owners in (OWNERS[:1], OWNERS[1:]) for noun in NOUNS]
    assert len(clients) == 1


def test_each_model_is_looked_for_by_itself(looks: Any) -> None:
    """Its jobs are found by its name."""
    jobs = Orphans(waits_s=(0.0,))
    found, go_on = _looking(jobs, looks, "first")
    jobs.stop("churn", OWNERS[1:2])
    jobs.stop("fraud", OWNERS[2:3])
    go_on.set()
    _until_idle()
    wanted = (("first", OWNERS[:1]), ("churn", OWNERS[1:2]), ("fraud", OWNERS[2:3]))
    assert found == [(noun, *each) for each in wanted for noun in NOUNS]


def test_jobs_are_looked_for_again(looks: Any) -> None:
    """A list may not show a job that is a second old: whether or not something was stopped, it is asked again."""
    found = looks(_nothing)
    Orphans(waits_s=TWICE).stop("churn", OWNERS[:1])
    _until_idle()
    assert found == [(noun, "churn", OWNERS[:1]) for _ in TWICE for noun in NOUNS]
    assert WAITS_S[0] == 0
    assert sum(WAITS_S) >= 60


def test_a_job_that_is_not_listed_yet_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first list is empty, the second has it."""
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/a"
    job = {"TrainingJobName": "a", "TrainingJobArn": arn, "CreationTime": 0, "TrainingJobStatus": "InProgress"}
    with Stubber(boto3.client("sagemaker")) as sagemaker:
        monkeypatch.setattr(orphans, "client", lambda _: sagemaker.client)
        for listed in ([], [job]):
            sagemaker.add_response("list_processing_jobs", {"ProcessingJobSummaries": []})
            sagemaker.add_response("list_training_jobs", {"TrainingJobSummaries": listed})
            if listed:
                sagemaker.add_response("list_tags", {"Tags": OWNERS[0].tags}, {"ResourceArn": arn})
                sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": "a"})
            sagemaker.add_response("list_transform_jobs", {"TransformJobSummaries": []})
        Orphans(waits_s=TWICE).stop("churn", OWNERS[:1])
        _until_idle()
        sagemaker.assert_no_pending_responses()


def test_a_thread_that_has_ended_is_followed_by_another(looks: Any, clients: list[Any]) -> None:
    """Which asks with the credentials that there are then."""
    found, jobs = looks(_nothing), Orphans(waits_s=(0.0,))
    for owner in OWNERS[:2]:
        jobs.stop("churn", [owner])
        _until_idle()
    assert len(found) == 2 * len(KINDS)
    assert len(clients) == 2


def test_a_kind_that_cannot_be_asked_for_keeps_no_other(
    looks: Any, clients: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """From being stopped. It is told in the log, and another client asks next."""
    found = looks(_refuse_the_first)
    Orphans(waits_s=(0.0,)).stop("churn", OWNERS[:1])
    _until_idle()
    assert found == [(noun, "churn", OWNERS[:1]) for noun in NOUNS]
    assert "A processing job of churn that nobody waits for may still run" in caplog.text
    assert len(clients) == 2


def test_a_client_that_cannot_be_made_is_told_in_the_log(
    looks: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each kind of jobs that may still run; the next look tries again."""
    made: list[Any] = []

    def client(_: str) -> Any:
        made.append(SimpleNamespace())
        if len(made) <= len(KINDS):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        return made[-1]

    monkeypatch.setattr(orphans, "client", client)
    found = looks(_nothing)
    Orphans(waits_s=TWICE).stop("churn", OWNERS[:1])
    _until_idle()
    assert caplog.text.count("that nobody waits for may still run: look in SageMaker") == len(KINDS)
    assert [noun for noun, _, _ in found] == NOUNS
