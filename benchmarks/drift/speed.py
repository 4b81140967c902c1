"""How long a verdict takes, Parquet to drift.json, beside what others use: `python -m benchmarks.drift.speed`.

    python -m benchmarks.drift.speed --rows 1000000 --rounds 5
    python -m benchmarks.drift.speed --rows 1000000 --without NannyML Evidently
    python -m benchmarks.drift.speed --rows 100000000 --only "perennial, streamed" --rounds 1 --baseline-rows 1000000

Every measurement is a process of its own, and the programs take turns, so that whatever else the machine does falls on
all of them. `work` is from after the imports to the result, `process` from start to end. Memory is the process's peak.
The peers live in an environment of their own, .local/drift-peers, made on the first run from peers.lock.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.drift.days import Law, quiet
from benchmarks.drift.programs import PROGRAMS
from include.ml.data.arrays import from_numpy
from include.ml.drift.files import Files, features_of
from include.ml.drift.profile import Profiling, write_profile
from include.ml.drift.source import open_source

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".local/drift-peers"
LOCK = Path(__file__).parent / "peers.lock"
# Programs that need the peers' environment.
ELSEWHERE = ("NannyML", "Evidently")
# Peers that report home wait for an answer: that is no part of what is measured.
SILENT = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
ROW_GROUP = 2**20
# Row groups of a file that differ.
DIFFERENT = 4
OURS = ("perennial", "perennial, profile", "perennial, streamed")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one process took."""

    work_s: float
    work_cpu_s: float
    process_s: float
    peak_mib: float
    result: str


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; exit code 0 whatever they say, since a benchmark states and a person judges."""
    given = _parser().parse_args(argv)
    names = [name for name in given.only or PROGRAMS if name not in given.without]
    if set(names) & set(ELSEWHERE):
        make_peers()
    folder = Path(given.folder or tempfile.mkdtemp(prefix="drift-"))
    paths = made(folder, given.baseline_rows or given.rows, given.rows)
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(given.rounds):
        for name in names:
            _say(f"round {number + 1} of {given.rounds}: {name}")
            costs[name].append(measured(name, paths))
    _say("")
    print(f"{given.baseline_rows or given.rows:,} against {given.rows:,} rows, 20 columns, {given.rounds} rounds")
    _print_costs(costs)
    _print_ratios(costs)
    return 0


def made(folder: Path, baseline_rows: int, rows: int) -> tuple[Path, Path, Path]:
    """Baseline, day and profile, made where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    baseline, day = folder / f"baseline-{baseline_rows}.parquet", folder / f"day-{rows}.parquet"
    for seed, (path, size) in enumerate(((baseline, baseline_rows), (day, rows))):
        if not path.exists():
            _say(f"making {path.name}")
            _write(path, size, seed)
    profile = baseline.with_suffix(".profile.arrow")
    if not profile.exists():
        source = open_source(baseline)
        columns = features_of(source, Files(baseline=baseline, current=baseline))
        write_profile(source, profile, Profiling(columns=columns, also={}))
    return baseline, day, profile


def measured(name: str, paths: Sequence[Path]) -> Cost:
    """One run of a program."""
    python = PEERS / "bin/python" if name in ELSEWHERE else Path(sys.executable)
    began = os.times().elapsed
    with tempfile.TemporaryFile() as out:
        command = [str(python), "-W", "ignore", str(Path(__file__).parent / "programs.py"), name, *map(str, paths)]
        process = subprocess.Popen(command, cwd=ROOT, env=SILENT, stdout=out, stderr=subprocess.DEVNULL)
        process.wait()
        taken = os.times().elapsed - began
        out.seek(0)
        printed = out.read().decode().splitlines()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}; run it by hand to see why")
    return Cost(**json.loads(printed[-1]), process_s=taken)


def make_peers() -> None:
    """The peers' environment, as their lock file says; made once."""
    if (PEERS / "made").exists() and (PEERS / "made").read_bytes() == LOCK.read_bytes():
        return
    print("making .local/drift-peers; this takes some minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
    sync = [str(Path(sys.executable).parent / "uv"), "pip", "sync", "--require-hashes", "--python"]
    subprocess.run([*sync, str(PEERS / "bin/python"), str(LOCK)], check=True)
    (PEERS / "made").write_bytes(LOCK.read_bytes())


def _write(path: Path, rows: int, seed: int) -> None:
    """A row group at a time: a file may be larger than memory. A very large one holds the same groups again."""
    rng = np.random.default_rng(seed)
    laws = quiet()
    tables = [_table(laws, rng, min(ROW_GROUP, rows)) for _ in range(min(DIFFERENT, -(-rows // ROW_GROUP)))]
    with pq.ParquetWriter(path, tables[0].schema) as writer:
        for number, start in enumerate(range(0, rows, ROW_GROUP)):
            writer.write_table(tables[number % len(tables)][: rows - start])


def _table(laws: Mapping[str, Law], rng: np.random.Generator, rows: int) -> pa.Table:
    return pa.table({name: _column(law, rng, rows) for name, law in laws.items()})


def _column(law: Law, rng: np.random.Generator, rows: int) -> pa.Array:
    valid = rng.random(rows) >= law.blank
    if not law.shares:
        return from_numpy(law.shift + law.scale * rng.normal(size=rows), pa.float64(), valid=valid)
    levels = [f"level {place}" for place in range(len(law.shares))]
    codes = rng.choice(len(levels), rows, p=law.shares).astype(np.int32)
    return pa.DictionaryArray.from_arrays(from_numpy(codes, pa.int32(), valid=valid), levels).cast(pa.string())


def _print_costs(costs: Mapping[str, Sequence[Cost]]) -> None:
    print(f"\n{'':22}{'work s (smallest-largest)':>28}{'work CPU s':>12}{'process s':>11}{'peak MiB':>10}")
    for name, each in costs.items():
        work, median = [cost.work_s for cost in each], statistics.median
        spread = f"{median(work):.2f} ({min(work):.2f}-{max(work):.2f})"
        cpu, process = median(cost.work_cpu_s for cost in each), median(cost.process_s for cost in each)
        print(f"{name:22}{spread:>28}{cpu:>12.2f}{process:>11.2f}{max(cost.peak_mib for cost in each):>10.0f}")


def _print_ratios(costs: Mapping[str, Sequence[Cost]]) -> None:
    """How many times as long others take, round by round; and how far from the floor."""
    print(f"\n{'times as long':22}" + "".join(f"{name:>24}" for name in _met(costs)))
    for name in costs:
        if name not in OURS:
            print(f"{name:22}" + "".join(f"{_ratio(costs[name], costs[ours]):>24}" for ours in _met(costs)))


def _met(costs: Mapping[str, Sequence[Cost]]) -> Iterator[str]:
    return (name for name in OURS if name in costs)


def _ratio(theirs: Sequence[Cost], ours: Sequence[Cost]) -> str:
    each = [one.work_s / other.work_s for one, other in zip(theirs, ours, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f}-{max(each):.2f})"


def _say(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the day, and of the baseline")
    parser.add_argument("--baseline-rows", type=int, help="where it has others")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=[])
    parser.add_argument("--without", nargs="+", choices=PROGRAMS, default=[])
    parser.add_argument("--folder", help="where the files are made, and kept for the next run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
