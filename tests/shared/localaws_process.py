"""A real localaws process, met over HTTP as any client meets it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
PATIENCE_S = 60  # how long a test waits for what must happen at once, on a machine that does other things too


@dataclass
class Server:
    """A localaws process."""

    process: subprocess.Popen[str]
    endpoint: str
    isolation: str
    log: Path

    def client(self, service: str, **options: Any) -> Any:
        """A plain boto3 client that tells errors at once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(**({"retries": {"max_attempts": 1}} | options)),
        )

    def admin(self, method: str, path: str, members: object = None) -> tuple[int, Any]:
        """Status and JSON of an admin route below ``/_localaws``; None where there is no JSON."""
        data = None if members is None else json.dumps(members).encode()
        request = urllib.request.Request(f"{self.endpoint}/_localaws{path}", data=data, method=method)  # noqa: S310  # our server
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310  # our server
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=20)


def start_server(folder: Path, *options: str, wrapper: tuple[str, ...] = ()) -> Server:
    """Start localaws on a free port and wait until it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "log"
    ready.unlink(missing_ok=True)
    command = [*wrapper, sys.executable, "-m", "localaws", "--port", "0", "--ready-file", str(ready), *options]
    with log.open("a") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, text=True)
    until(lambda: ready.exists() or process.poll() is not None, what="the server to be ready")
    if process.poll() is not None:
        pytest.fail(f"localaws ended at once with {process.returncode}: {log.read_text()}")
    told = json.loads(ready.read_text())
    return Server(process=process, endpoint=told["endpoint"], isolation=told["isolation"], log=log)


def until[T](look: Callable[[], T], *, what: str, patience_s: float = PATIENCE_S) -> T:
    """Look until there is something; the patience bounds a failing test, it judges no speed."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {patience_s} s in vain for {what}")
        time.sleep(0.02)
    return found


def unavailable(reason: str) -> NoReturn:
    """Skip a test for which something is missing here; fail it in CI, where nothing may be."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set: nothing is skipped)")
    pytest.skip(reason)


_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"
