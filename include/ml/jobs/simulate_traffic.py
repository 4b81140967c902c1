"""Made-up traffic of a served model, drifting as a scenario says:
`python -m include.ml.jobs.simulate_traffic --model churn --artifact model.tar.gz --out folder --until 2026-11-24`.

Leaves data-capture files below `capture/` and labels below `labels/`, by the day on which each is told, as they lie in
the data bucket. No job of a flow.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.ml.container import replace_file, say
from include.ml.simulation import serving, traffic
from include.ml.simulation.presets import PRESETS, preset
from include.ml.simulation.traffic import Day
from include.ml.training import artifact
from include.specs import catalog, s3_layout
from include.specs.errors import PerennialError, require
from include.specs.model import ModelSpec


def main(argv: Sequence[str] | None = None) -> int:
    """Write the days; the process's exit code."""
    given = _parser().parse_args(argv)
    try:
        _simulate(given, catalog.model(given.model))
    except PerennialError as error:
        print(f"simulate_traffic: {error}", file=sys.stderr)
        return 1
    return 0


def _simulate(given: argparse.Namespace, model: ModelSpec) -> None:
    scenario = preset(given.scenario, model.dataset, begins=given.begins)
    seed = model.dataset.synthetic.seed if given.seed is None else given.seed
    pipeline, manifest = artifact.load(given.artifact)
    require(manifest.model == model.name, "--artifact", f"be a model of {model.name}", manifest.model)
    say(f"{given.scenario}: {'; '.join(change.words for change in scenario.changes) or 'nothing changes'}")
    for index in range(given.days):
        date = given.until - dt.timedelta(days=given.days - index)
        day = traffic.day(model.dataset, scenario, date=date, index=index, rows=given.rows, seed=seed)
        served = serving.serve(day.features, pipeline, model, manifest.threshold)
        folder = given.out / s3_layout.capture_day(model.name, given.variant, date)
        # The day is replaced as a whole: files of another scenario beside it would be traffic, too.
        shutil.rmtree(folder, ignore_errors=True)
        files = serving.write_day(given.out, day, served, model, variant=given.variant, seed=seed)
        _write_labels(given.out, model.name, day.date, serving.labels(day))
        say(f"{_told(day, served, model)}; {len(files)} files in {folder}")


def _write_labels(out: Path, model: str, date: dt.date, labels: pa.Table) -> None:
    """The labels of the rows of `date`: a file for each day on which some are told."""
    name = f"labels-of-{date}.parquet"
    # Those of another scenario would contradict them.
    for stale in (out / "labels" / model).glob(f"*/*/*/{name}"):
        stale.unlink()
    told_on = labels["label_time"].cast(pa.date32())
    for told in sorted(set(told_on.to_pylist())):
        path = out / s3_layout.labels(model, told) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sink = pa.BufferOutputStream()
        pq.write_table(labels.filter(pc.equal(told_on, told)), sink)
        replace_file(path, memoryview(sink.getvalue()).tobytes())


def _told(day: Day, served: serving.Served, model: ModelSpec) -> str:
    positive = pc.mean(pc.equal(day.labels, model.dataset.positive)).as_py()
    return (
        f"{day.date}: {len(day.ids)} rows, drift {day.strength:.0%}, "
        f"{positive:.1%} positive, {np.mean(served.called):.1%} called so"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.ml.jobs.simulate_traffic", description=__doc__)
    parser.add_argument("--model", required=True, help="a name in the catalog")
    parser.add_argument("--artifact", required=True, type=Path, help="the model.tar.gz, or its folder, that answers")
    parser.add_argument("--out", required=True, type=Path, help="a folder; the days that it has already are replaced")
    parser.add_argument("--until", required=True, type=dt.date.fromisoformat, help="the days end before this date")
    parser.add_argument("--days", type=_positive, default=7, help="how many (default: %(default)s)")
    parser.add_argument("--rows", type=_positive, default=800, help="of each day (default: %(default)s)")
    parser.add_argument("--scenario", choices=sorted(PRESETS), default="none", help="what drifts (default: nothing)")
    parser.add_argument("--begins", type=int, default=0, help="the day on which it begins, from 0 (default: the first)")
    parser.add_argument("--seed", type=int, help="by default what the spec says")
    parser.add_argument("--variant", default="AllTraffic", type=_variant, help="that answers (default: %(default)s)")
    return parser


def _positive(text: str) -> int:
    if int(text) <= 0:
        raise ValueError(text)
    return int(text)


def _variant(text: str) -> str:
    # SageMaker: names of variants; and no path that leads out of the folder.
    if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", text):
        raise ValueError(text)
    return text


if __name__ == "__main__":
    sys.exit(main())
