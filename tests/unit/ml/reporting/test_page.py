"""The engine behind every page."""

import jinja2
import pytest

from include.ml.reporting.page import environment


def rendered(template: str, **values: object) -> str:
    """`template` as a page would show it."""
    return environment().from_string(template).render(**values)


def test_text_from_data_is_escaped():
    """A name is never markup, neither between tags nor in an attribute."""
    assert rendered('<b title="{{ name }}">{{ name }}</b>', name='"><i>') == (
        '<b title="&#34;&gt;&lt;i&gt;">&#34;&gt;&lt;i&gt;</b>'
    )


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x00b", r"a\x00b"),
        ("line\nbreak", r"line\nbreak"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("half a pair \ud83d", r"half a pair \ud83d"),
        ("Zürich, 東京", "Zürich, 東京"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, seen):
    """Controls, marks that turn the text around and half characters are shown as escapes: the page stays UTF-8."""
    found = rendered("{{ text }}", text=text)
    assert found == seen
    assert found.encode()


def test_markup_of_the_page_itself_is_left_alone():
    """What a macro made is not escaped again, nor are its line breaks written out."""
    assert rendered("{% macro m(x) %}<b>\n{{ x }}</b>{% endmacro %}{{ m('&') }}") == "<b>\n&amp;</b>"


def test_a_name_that_is_not_given_is_an_error():
    """A page with a hole in it is never written."""
    with pytest.raises(jinja2.UndefinedError):
        rendered("{{ nothing }}")
