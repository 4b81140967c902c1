"""What the pages share: one template engine, and numbers as people read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
import markupsafe

MINUS = "\N{MINUS SIGN}"


@cache
def environment() -> jinja2.Environment:
    """Templates of this folder; whatever comes from data is escaped, and shown even where it has no shape."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, signed=signed, count=count)
    return environment


def plain(value: object) -> object:
    """`value`, with what cannot be seen or would turn the text around it written out, if it is text from elsewhere.

    >>> plain("Caf\N{LATIN SMALL LETTER E WITH ACUTE}"), plain("a\\x00b\\u202ec\\ud800"), plain(3)
    ('Caf\N{LATIN SMALL LETTER E WITH ACUTE}', 'a\\\\x00b\\\\u202ec\\\\ud800', 3)
    """
    if not isinstance(value, str) or isinstance(value, markupsafe.Markup) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def number(value: float) -> str:
    """At most four decimals.

    >>> number(0.84713), number(30.0), number(-0.01)
    ('0.8471', '30', '−0.0100')
    """
    text = f"{value:.0f}" if value == int(value) else f"{value:.4f}"
    return text.replace("-", MINUS) if float(text) else "0"


def signed(value: float) -> str:
    """A difference, with its sign.

    >>> signed(0.0123), signed(-0.0123), signed(0.0)
    ('+0.0123', '−0.0123', '0')
    """
    return ("+" if value > 0 and number(value) != "0" else "") + number(value)


def count(value: int) -> str:
    """
    >>> count(1409)
    '1,409'
    """
    return f"{value:,}"
