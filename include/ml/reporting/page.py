"""What the pages share: one template engine, and text that stays text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
import markupsafe

from include.ml.reporting import figures


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
    words = (
        figures.number,
        figures.measured,
        figures.signed,
        figures.count,
        figures.percent,
        figures.points,
        figures.p_value,
    )
    environment.filters.update({word.__name__: word for word in (*words, figures.day, figures.short)})
    return environment


def plain(value: object) -> object:
    """`value`, with what cannot be seen or would turn the text around it written out, if it is text from elsewhere.

    >>> plain("Caf\N{LATIN SMALL LETTER E WITH ACUTE}"), plain("a\\x00b\\u202ec\\ud800"), plain(3)
    ('Caf\N{LATIN SMALL LETTER E WITH ACUTE}', 'a\\\\x00b\\\\u202ec\\\\ud800', 3)
    """
    if not isinstance(value, str) or isinstance(value, markupsafe.Markup) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
