"""Numbers, days and names as people read them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# More than this of a name is never needed to know what is meant.
LONGEST_NAME = 80
# From here on, decimals say nothing.
LARGE = 1000
# Below this, a p-value is written as a power of ten.
SMALL_P = 0.001
UNITS = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
HUGE = 1e13
MOST_DECIMALS = 4
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, decimals: int = MOST_DECIMALS) -> str:
    """At most so many decimals.

    >>> number(0.84713), number(30.0), number(-0.01), number(0.849996, 6)
    ('0.8471', '30', '−0.0100', '0.849996')
    """
    text = f"{value:.0f}" if value == int(value) else f"{value:.{decimals}f}"
    return text.replace("-", MINUS) if float(text) else "0"


def measured(value: float) -> str:
    """A measure in a unit of the data's own, which may be a large one.

    >>> measured(0.3459), measured(2103.4412)
    ('0.3459', '2,103')
    """
    return f"{value:,.0f}".replace("-", MINUS) if abs(value) >= LARGE else number(value)


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


def percent(share: float) -> str:
    """A share of rows; a few rows among many are not written as none, nor all but a few as all.

    >>> percent(0.0213), percent(0.0), percent(1e-5), percent(0.99999), percent(1.0)
    ('2.1 %', '0 %', '<0.1 %', '>99.9 %', '100 %')
    """
    text = f"{100 * share:.1f}"
    if text == "0.0" and share > 0:
        return "<0.1 %"
    if text == "100.0" and share < 1:
        return ">99.9 %"
    return f"{text.removesuffix('.0') if share in (0, 1) else text} %"


def points(change: float) -> str:
    """A change of a share, in percentage points.

    >>> points(0.0213), points(-0.05), points(0.0)
    ('+2.1 points', '−5.0 points', 'no change')
    """
    text = f"{100 * change:+.1f}"
    return "no change" if not float(text) else f"{text.replace('-', MINUS)} points"


def p_value(p: float) -> str:
    """
    >>> p_value(0.0312), p_value(3.14e-12), p_value(0.0)
    ('0.031', '3 × 10⁻¹²', '<10⁻³⁰⁰')
    """
    if p >= SMALL_P:
        return f"{p:.3f}" if p < 1 else "1"
    if not p:
        return "<10⁻³⁰⁰"
    digit, _, power = f"{p:.0e}".partition("e")
    return f"{digit} {TIMES} 10{str(int(power)).translate(SUPERSCRIPT)}"


def day(date: dt.date) -> str:
    """The same in every locale.

    >>> day(dt.date(2026, 3, 2))
    '2 Mar 2026'
    """
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def short(name: str) -> str:
    """A name of which the middle is left out if it is long; one that nobody could see, in words.

    >>> short("tenure"), short(" "), len(short("x" * 1000))
    ('tenure', '(blank)', 80)
    """
    if not name.strip():
        return "(blank)" if name else "(empty)"
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}{ELLIPSIS}{name[1 - half :]}"


def stepped(values: Sequence[float], step: float) -> tuple[str, ...]:
    """Values of an axis that are `step` apart, all in one unit, with the decimals that tell them apart.

    Args:
        step: once, twice or five times a power of ten.


    >>> stepped((0.0, 0.25), 0.05), stepped((500.0, 1000.0), 500.0), stepped((1.5e6, 2e6), 5e5), stepped((-3e-7,), 1e-7)
    (('0', '0.25'), ('500', '1000'), ('1.5M', '2.0M'), ('−3e−7',))
    """
    largest = max(map(abs, values))
    unit, mark = next(((size, mark) for least, size, mark in UNITS if largest >= least), (1.0, ""))
    decimals = max(0, -math.floor(math.log10(step / unit) + 1e-9))
    if decimals <= MOST_DECIMALS and largest < HUGE:
        texts = [f"{value / unit:.{decimals}f}{mark}" for value in values]
    else:
        digits = math.ceil(math.log10(max(largest / step, 1.0)) - 1e-9) + 1
        texts = [re.sub(r"e([+-])0*", r"e\1", f"{value:.{digits}g}").replace("e+", "e") for value in values]
    return tuple(text.replace("-", MINUS) if value else "0" for value, text in zip(values, texts, strict=True))
