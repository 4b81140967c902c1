"""What every page has to be, and how to read one in a test."""

import html.parser
import re
import xml.etree.ElementTree as ET

VOID = {"meta", "br", "hr", "line", "circle", "polyline", "path", "rect"}
FORBIDDEN = ("<script", "@import", "url(", "<img", "<iframe", "<link", " onload", " onerror", "javascript:")


class Nesting(html.parser.HTMLParser):
    """Fails on an element that is closed by another's end tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):  # noqa: ARG002 the parser's signature
        assert tag in VOID, tag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())


def stands_alone(page: str, *addresses: str) -> None:
    """Fails unless the page is well nested, its drawings are XML, and nothing in it runs or is fetched."""
    parser = Nesting()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert parser.addresses == list(addresses)
    for forbidden in FORBIDDEN:
        assert forbidden not in page, forbidden
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)  # noqa: S314 our own page
    assert page.encode()


def reading(page: str) -> str:
    """What a person reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]).split())
