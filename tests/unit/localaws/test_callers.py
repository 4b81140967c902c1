"""Whom the server does not serve, judged by what a browser cannot but say."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from localaws import callers


def asked(host: str, **headers: str) -> Request:
    """A request to that host."""
    return Request(EnvironBuilder(headers={"Host": host, **headers}).get_environ())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.0.0.1",
        "[::1]:4566",
        "[::1]",
        "localhost:4566",
        "LOCALHOST",
        "lake.localhost:4566",
        "localaws:4566",
        "host.docker.internal:4566",
        "sagemaker.eu-west-1.amazonaws.com",
    ],
)
def test_clients_are_served_by_whatever_name_they_know_it(host: str) -> None:
    """An address, a name of this machine or of a container beside, or AWS's own through a proxy."""
    assert callers.objection(asked(host)) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example:4566", "evil.example", "evil.example.", "127.0.0.1.evil.example", "localhost.evil.example:8080"],
)
def test_a_page_whose_name_was_pointed_here_is_refused(host: str) -> None:
    """The browser takes page and server for one then, and sends no Origin; the name is the page's."""
    assert f"requests to a host named {host!r} are refused" in (callers.objection(asked(host)) or "")


def test_a_page_from_elsewhere_is_refused() -> None:
    """Its Origin says so, whatever the host."""
    said = callers.objection(asked("127.0.0.1:4566", Origin="http://evil.example"))
    assert said == "requests from web pages are refused"
