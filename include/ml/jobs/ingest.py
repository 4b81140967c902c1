"""Landing files of one date to one partition of the lake: typed, checked against the contract, bad rows set aside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from include.ml.container import Container, leave, replace_file, run_job, say
from include.ml.data import contract, landing, partition
from include.specs import codec
from include.specs.errors import DataContractError, PartitionError
from include.specs.reports import INGESTION
from include.specs.run import IngestionRun


def main(container: Container) -> Mapping[str, int]:
    """Read, check, and only then write: a partition that is refused leaves no output.

    Raises:
        DataContractError: see `include.ml.data`. PartitionError: a landing file that the run names is not there.
    """
    run = container.config(IngestionRun)
    folder = container.channel("landing")
    if not run.sources:
        raise DataContractError(f"{run.model.name} {run.date}: expected at least one landing file, the run names none")
    keys = sorted(source.key for source in run.sources)
    files = [landing.read(_located(folder, key, run.model.name), key, run.model.dataset) for key in keys]
    checked = contract.check(files, run.model.dataset)
    report = partition.write(checked, container.output("partition"), container.output("quarantine"), run.model.dataset)
    replace_file(container.output("report") / INGESTION, codec.encode(report))
    for kind, count in report.quarantined.items():
        say(f"quarantined {count} rows: {kind}")
    return {"rows": report.rows, "quarantined": report.rows_read - report.rows}


def _located(folder: Path, key: str, model: str) -> Path:
    """Where the channel holds the landing object `key`; a key cannot lead out of the channel."""
    path = folder / key.removeprefix(f"landing/{model}/")
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise PartitionError(f"{key}: the run names it and the channel landing does not hold it ({path})")
    return path


if __name__ == "__main__":
    leave(run_job("ingest", main))
