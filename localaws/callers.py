"""Callers: whom the server does not serve. Jobs run commands, and objects are somebody's: no web page may use it."""

from __future__ import annotations

import ipaddress

from werkzeug.wrappers import Request

# Names that nobody who has a web page can point at this machine, as whoever owns `evil.example` can (DNS rebinding).
OWN_SUFFIXES = (".localhost", ".internal", ".amazonaws.com", ".amazonaws.com.cn")


def objection(head: Request) -> str | None:
    """Why a request is refused, judged by where it says it comes from and goes to; None when it is served.

    A browser says with `Origin` for which page it asks, or thinks with `Host` that the page and the server are one.
    """
    if "Origin" in head.headers:
        return "requests from web pages are refused"
    if not is_own(head.host):
        return f"requests to a host named {head.host!r} are refused; reach localaws by address, or as localhost"
    return None


def is_own(host: str) -> bool:
    """Whether a host, with its port or without, can be meant for this machine by who knows it.

    A name without a dot is one of the local network: a container's, for example.

    >>> [is_own(host) for host in ("127.0.0.1:4566", "[::1]:4566", "localaws:4566", "lake.localhost", "evil.example")]
    [True, True, True, True, False]
    """
    name = (host if host.endswith("]") else host.rpartition(":")[0] or host).strip("[]").lower()
    return "." not in name or name.endswith(OWN_SUFFIXES) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
