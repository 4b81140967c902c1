"""Two Parquet files to a verdict: `python -m include.ml.jobs.detect_drift --baseline a.parquet --current b.parquet`.

Exit code 0 whatever the verdict is, 1 where there is none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from include.ml.container import replace_file
from include.specs import codec
from include.specs.drift import DRIFT
from include.specs.errors import PerennialError

if TYPE_CHECKING:
    from include.ml.drift.files import Files


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, write drift.json, print what it says; the process's exit code."""
    given = _parser().parse_args(argv)
    # Arrow takes a third of a second to load, and a wrong argument should be told at once.
    from include.ml.drift.files import detect_files  # noqa: PLC0415
    from include.ml.drift.summary import summary  # noqa: PLC0415

    try:
        with _progress() as progress:
            report = detect_files(_files(given), progress=progress)
        given.out.mkdir(parents=True, exist_ok=True)
        replace_file(given.out / DRIFT, codec.encode(report))
    except (PerennialError, OSError) as error:
        print(f"detect_drift: {error}", file=sys.stderr)
        return 1
    print(summary(report))
    print(f"\n{given.out / DRIFT}")
    return 0


def _files(given: argparse.Namespace) -> Files:
    from include.ml.drift.files import Files  # noqa: PLC0415 as above

    return Files(
        baseline=given.baseline,
        current=given.current,
        columns=tuple(given.columns.split(",")) if given.columns else (),
        entity=given.entity,
        id=given.id,
        score=given.score,
        threshold=given.threshold,
        streaming=given.streaming,
        classifier=not given.no_classifier,
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A bar on a terminal, nothing elsewhere: called with each column that is done, and how many there are."""
    if not sys.stderr.isatty():
        yield lambda _name, _columns: None
        return
    from rich.console import Console  # noqa: PLC0415 only a terminal has use for it
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("columns", total=None)
        yield lambda name, columns: bar.update(task, advance=1, total=columns, description=name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.ml.jobs.detect_drift", description=__doc__)
    parser.add_argument("--baseline", required=True, type=Path, help="Parquet file or folder: what normal is")
    parser.add_argument("--current", required=True, type=Path, help="Parquet file or folder to hold against it")
    parser.add_argument("--out", required=True, type=Path, help="folder for drift.json")
    parser.add_argument("--columns", help="names, with commas between; by default all of the baseline but times")
    parser.add_argument("--entity", help="column of whom a row is about: the last row of each counts")
    parser.add_argument("--id", help="column that tells rows apart: repetitions are a fault")
    parser.add_argument("--score", help="column of the model's scores")
    parser.add_argument("--threshold", type=float, default=0.5, help="score from which a row is called positive")
    parser.add_argument("--streaming", action="store_true", help="count a current side of any size in bounded memory")
    parser.add_argument("--no-classifier", action="store_true", help="each feature by itself, and no text: a second")
    return parser


if __name__ == "__main__":
    sys.exit(main())
