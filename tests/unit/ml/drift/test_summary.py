"""drift.json at a terminal."""

from dataclasses import replace

from include.ml.drift.summary import SHOWN, WIDTH, summary
from include.specs.drift import Violation


def test_everything_fits_into_eighty_columns(compared, report) -> None:
    """However long a name or a reason is."""
    fault = Violation(column="x", kind="infinite", rows=1, breaks=False, message="a long message " * 20)
    given = replace(
        report(None, compared("a name that nobody would give a column of theirs"), verdict="drift"),
        reasons="because " * 40,
        violations=(fault,),
        exact=False,
        error=1 / 4_096,
    )
    lines = summary(given).splitlines()
    assert max(len(line) for line in lines) <= WIDTH
    assert lines[0] == "verdict: drift"
    assert "distances are exact to 2.4e-04: rows were counted, not kept" in lines


def test_what_breached_comes_first_and_is_marked(compared, report) -> None:
    """Then the others by effect; most of many are counted."""
    features = [compared(f"f{number}", value=number / 100) for number in range(30)]
    text = summary(report(None, *features, compared("small", value=0.001, drifted=True)))
    table = text.splitlines()[4:]
    assert table[0].startswith("* small")
    assert table[1].startswith("  f29")
    assert table[-1] == f"and {31 - SHOWN} more, none of them further apart"
