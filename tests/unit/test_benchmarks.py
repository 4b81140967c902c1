"""What the README says of `make bench`."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]


def test_make_bench_measures_what_the_readme_names() -> None:
    """Every command of a benchmark beside a figure, with the rows and turns that the figure is of."""
    run = [" ".join(command) for command in COMMANDS]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`\.venv/bin/python ((?:-m )?benchmarks[^`]*)`", readme)
    assert len(named) >= len({command.partition(" --")[0] for command in run})
    assert [command for command in named if not any(each.startswith(command) for each in run)] == []
