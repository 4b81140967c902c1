"""InvokeRestApi: a request to the REST API of the Airflow that an environment stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from localaws.mwaa.environments import Airflow
from localaws.mwaa.errors import MwaaError

TIMEOUT_S = 30.0


def invoke(airflow: Airflow | None, request: Mapping[str, Any]) -> dict[str, Any]:
    """What Airflow answers, as InvokeRestApi wraps it.

    Raises:
        MwaaError: Airflow refused, failed, or cannot be reached.
    """
    if airflow is None:
        raise MwaaError(
            "InternalServerException", "no Airflow stands for this environment; see localaws/README.md", 500
        )
    try:
        answer = _answer(airflow, request)
    except httpx.HTTPError as error:
        raise MwaaError("InternalServerException", f"Airflow at {airflow.url}: {error!r}", 500) from error
    told = {"RestApiStatusCode": answer.status_code, "RestApiResponse": _body(answer)}
    if answer.is_success:
        return told
    kind, status = ("Client", 400) if answer.is_client_error else ("Server", 500)
    raise MwaaError(f"RestApi{kind}Exception", f"Airflow answered {answer.status_code}", status, **told)


def _answer(airflow: Airflow, request: Mapping[str, Any]) -> httpx.Response:
    with httpx.Client(base_url=airflow.url, timeout=TIMEOUT_S, trust_env=False) as client:
        who = {"username": airflow.username, "password": airflow.password}
        token = client.post("/auth/token", json=who).raise_for_status().json()["access_token"]
        return client.request(
            request["Method"],
            f"/api/v2{request['Path']}",
            params=request.get("QueryParameters") or {},
            json=request.get("Body"),
            headers={"Authorization": f"Bearer {token}"},
        )


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return {"detail": answer.text} if answer.text else {}
