"""Where the faults are injected: a localaws process with an account in it, and the variables that lead there."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.sdk.bases.operator import ExecutorSafeguard

from laptop import aws, settings
from tests.shared.localaws_process import ROOT, Server, start_server


@cache
def _client(service: str, endpoint: str) -> Any:
    """Made once: reading a service's model costs a fifth of a second. The operators' clients are made as ever."""
    return aws.client(service, endpoint)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An account on a localaws of its own."""

    server: Server

    @property
    def variables(self) -> dict[str, str]:
        """What a process that works here is started with; a task waits in it for its jobs."""
        addresses = settings.Addresses(
            airflow_port=1, aws_port=int(self.server.endpoint.rsplit(":", 1)[1]), database_uri=""
        )
        pace = {"AIRFLOW__PERENNIAL__DEFERRABLE": "false", "AIRFLOW__PERENNIAL__POLL_INTERVAL_S": "0.05"}
        ours = settings.perennial_environment(addresses, "0123abc") | pace
        return settings.aws_environment(addresses) | ours

    def switch_on(self, kind: str, **fault: Any) -> str:
        """Have localaws do it (see its README); the id of the fault."""
        status, made = self.server.admin("POST", "/faults", {"kind": kind, **fault})
        assert status == HTTPStatus.CREATED, made
        return str(made["id"])

    def switch_off(self) -> None:
        """End all faults."""
        self.server.admin("DELETE", "/faults")

    def hits(self) -> int:
        """How often the faults that are on were met."""
        _, found = self.server.admin("GET", "/faults")
        return sum(fault["hits"] for fault in found["faults"])

    def client(self, service: str) -> Any:
        """A plain client, as a producer or an administrator has one."""
        return _client(service, self.server.endpoint)


def image(name: str, **changes: Any) -> dict[str, Any]:
    """An entry of the images file: this checkout's jobs under another name, with some fields of the entry otherwise."""
    ours = settings.images_file(settings.Settings(repo=ROOT, state=ROOT, python=Path(sys.executable)))
    [entry] = json.loads(ours)
    return {**entry, "match": f"*/{name}:*", **changes}


@contextmanager
def jobs_run_as(name: str) -> Iterator[None]:
    """Have the jobs that are started here run in the image of that name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__PERENNIAL__IMAGE", f"{settings.IMAGE.rpartition('/')[0]}/{name}:1")
        yield


@contextmanager
def place(
    folder: Path, *options: str, images: tuple[dict[str, Any], ...] = (), wrapper: tuple[str, ...] = ()
) -> Iterator[Place]:
    """Start a localaws with an account in it; it ends with the context.

    Args:
        options: of localaws. images: further entries of the images file (see `image`). wrapper: what starts localaws.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "images.json"
    file.write_text(json.dumps([*images, image("perennial-ml")]))
    server = start_server(folder, "--images", str(file), "--stop-grace-seconds", "5", *options, wrapper=wrapper)
    try:
        aws.bootstrap(server.endpoint)
        yield Place(server=server)
    finally:
        assert server.end() == 0


@contextmanager
def inside(there: Place) -> Iterator[None]:
    """Make this process one that works at that place: its clients, and its right to execute operators itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in there.variables.items():
            patch.setenv(name, value)
        # Airflow refuses `execute` outside its task runner.
        patch.setattr(ExecutorSafeguard, "test_mode", True)
        yield


class _Cut:
    """A request's body of which half is sent: then the process that sends it is no more."""

    def __init__(self, body: bytes) -> None:
        self._parts = [body[: len(body) // 2]]

    def read(self, _size: int = -1) -> bytes:
        if not self._parts:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._parts.pop()


def killed_while_it_sends(event: str, work: Callable[[], object], when: Callable[[Any], bool]) -> None:
    """Have a process of its own do the work, and SIGKILL it when it has sent half of a request's body.

    Args:
        event: of botocore, for example `before-send.s3.PutObject`. when: whether it is this request (prepared, signed).
    """

    def cut(request: Any, **_: Any) -> None:
        if when(request):
            request.body = _Cut(request.body.read())

    original = AwsBaseHook.get_session

    def session(self: Any, *arguments: Any, **options: Any) -> Any:
        made = original(self, *arguments, **options)
        made.events.register(event, cut)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AwsBaseHook, "get_session", session)
        # Forked: it knows the run so far, and shares nothing with it from here on.
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
    process.join(60)
    how = process.exitcode
    process.kill()
    assert how == -signal.SIGKILL
