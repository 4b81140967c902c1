"""Made-up landing files: `python -m include.ml.jobs.synthesise --model churn --out file.csv`. No job of a flow."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from include.ml.container import replace_file, say
from include.ml.data.synthetic import synthesise
from include.specs import catalog
from include.specs.errors import PerennialError

# Events end here unless the caller says otherwise: the same arguments always give the same file.
UNTIL = dt.date(2026, 1, 1)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file; the process's exit code."""
    given = _parser().parse_args(argv)
    try:
        model = catalog.model(given.model)
    except PerennialError as error:
        print(f"synthesise: {error}", file=sys.stderr)
        return 1
    recipe = model.dataset.synthetic
    seed = recipe.seed if given.seed is None else given.seed
    rows = synthesise(model.dataset, rows=given.rows or recipe.rows, seed=seed, until=given.until)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(given.out, _csv(rows))
    say(f"{given.out}: {len(rows)} made-up rows of {model.name}, seed {seed}")
    return 0


def _csv(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(rows, sink, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return memoryview(sink.getvalue()).tobytes()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.ml.jobs.synthesise", description=__doc__)
    parser.add_argument("--model", required=True, help="a name in the catalog")
    parser.add_argument("--out", required=True, type=Path, help="the CSV file to write")
    parser.add_argument("--rows", type=_positive, help="how many rows; by default what the spec says")
    parser.add_argument("--seed", type=int, help="by default what the spec says")
    parser.add_argument("--until", type=dt.date.fromisoformat, default=UNTIL, help="events end before this date")
    return parser


def _positive(text: str) -> int:
    if int(text) <= 0:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
