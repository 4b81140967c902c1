"""Airflow's REST API through MWAA's InvokeRestApi: signed by AWS, and no way to the web server is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from mwaa.errors import DeployError

LONGEST_PATH = 64  # in InvokeRestApi's model
PAGE = 100
NOT_FOUND, CONFLICT = 404, 409


class RestApi:
    """The REST API of an environment's Airflow; `mwaa` is a boto3 client."""

    def __init__(self, mwaa: Any, environment: str) -> None:
        self._mwaa, self._environment = mwaa, environment

    def ask(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None, fine: int = NOT_FOUND
    ) -> Any:
        """What Airflow answers; None where it answers with the status `fine`: that it knows nothing of that path.

        Raises:
            DeployError: it refuses, or MWAA does.
        """
        if len(path) > LONGEST_PATH:
            raise DeployError(f"MWAA takes paths of at most {LONGEST_PATH} characters, got {len(path)}: {path}")
        given = {name: value for name, value in (("QueryParameters", query), ("Body", body)) if value is not None}
        try:
            answer = self._mwaa.invoke_rest_api(Name=self._environment, Method=method, Path=path, **given)
        except ClientError as error:
            status, said = error.response.get("RestApiStatusCode"), error.response.get("RestApiResponse")
            if status == fine:
                return None
            raise DeployError(f"{method} {path} through ENVIRONMENT={self._environment}: {said or error}") from error
        return answer.get("RestApiResponse")

    def listed(self, path: str, member: str, **query: Any) -> Iterator[Mapping[str, Any]]:
        """All entries of a list, page by page."""
        count = 0
        while True:
            page = self.ask("GET", path, query={"limit": PAGE, "offset": count, **query}) or {member: []}
            yield from page[member]
            count += len(page[member])
            if not page[member] or count >= page["total_entries"]:
                return
