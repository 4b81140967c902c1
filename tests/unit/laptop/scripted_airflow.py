"""An Airflow API whose answers a test writes down: method and path → the answers in turn, the last one for ever."""

from __future__ import annotations

import json
from typing import Any

import httpx

from laptop.airflow_api import AirflowApi

Answer = tuple[int, Any] | Exception


class ScriptedAirflow:
    """Answers as written, and remembers what was asked."""

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        self.answers = {"POST /auth/token": [(201, {"access_token": "token"})], **answers}
        self.asked: list[tuple[str, Any]] = []

    def api(self) -> AirflowApi:
        """A client of it."""
        return AirflowApi("http://airflow", password="password", transport=httpx.MockTransport(self._answer))

    def bodies(self, key: str) -> list[Any]:
        """What was sent with the requests `key`."""
        return [body for asked, body in self.asked if asked == key]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        key = f"{request.method} {request.url.path}"
        self.asked.append((key, json.loads(request.content) if request.content else dict(request.url.params)))
        if key not in self.answers:
            return httpx.Response(404, json={"detail": f"{key} was not found"})
        script = self.answers[key]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer[0], json=answer[1])


def task(task_id: str, state: str | None, **fields: Any) -> dict[str, Any]:
    """A task instance as the API describes one."""
    plain = {"start_date": None, "duration": None, "try_number": 1, "map_index": -1}
    return {"task_id": task_id, "state": state, **plain, **fields}
