"""What is asked through InvokeRestApi, page by page and within its limits."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mwaa.errors import DeployError
from mwaa.rest_api import CONFLICT, RestApi


class Mwaa:
    """Answers with pages of `per_page` numbers up to `total`; refuses with `status` where one is set."""

    def __init__(self, *, total: int = 0, per_page: int = 2, status: int = 0) -> None:
        self.total, self.per_page, self.status = total, per_page, status
        self.asked: list[dict[str, Any]] = []

    def invoke_rest_api(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.status:
            told = {"Error": {"Code": "RestApiClientException", "Message": "refused"}}
            raise ClientError(
                {**told, "RestApiStatusCode": self.status, "RestApiResponse": {"detail": "why"}}, "InvokeRestApi"
            )
        offset = request.get("QueryParameters", {}).get("offset", 0)
        entries = [{"number": number} for number in range(self.total)][offset : offset + self.per_page]
        return {"RestApiResponse": {"dags": entries, "total_entries": self.total}}


def test_list_is_read_to_its_end() -> None:
    """Whatever the length of a page; an empty list is asked for once."""
    mwaa = Mwaa(total=5)
    assert [each["number"] for each in RestApi(mwaa, "ours").listed("/dags", "dags", tags="perennial")] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert [request["QueryParameters"]["offset"] for request in mwaa.asked] == [0, 2, 4]
    assert {request["QueryParameters"]["tags"] for request in mwaa.asked} == {"perennial"}
    assert list(RestApi(Mwaa(), "ours").listed("/dags", "dags")) == []


def test_only_what_is_given_is_sent() -> None:
    """No body and no query where there is none."""
    mwaa = Mwaa()
    RestApi(mwaa, "ours").ask("GET", "/dags/a")
    assert mwaa.asked == [{"Name": "ours", "Method": "GET", "Path": "/dags/a"}]


def test_what_is_unknown_is_none_and_a_refusal_is_told() -> None:
    """In Airflow's words; a status that is fine is no refusal."""
    assert RestApi(Mwaa(status=404), "ours").ask("GET", "/dags/a") is None
    assert RestApi(Mwaa(status=409), "ours").ask("POST", "/dags/a/dagRuns", fine=CONFLICT) is None
    with pytest.raises(DeployError, match=r"GET /dags/a through ENVIRONMENT=ours: \{'detail': 'why'\}"):
        RestApi(Mwaa(status=403), "ours").ask("GET", "/dags/a")


def test_path_that_mwaa_would_refuse_is_refused_here() -> None:
    """With its length."""
    with pytest.raises(DeployError, match="at most 64 characters, got 65"):
        RestApi(Mwaa(), "ours").ask("GET", "/" + "d" * 64)
