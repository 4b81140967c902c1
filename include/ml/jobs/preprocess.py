"""The partitions of a run to the parts of its split; nothing is fitted here."""

from __future__ import annotations

from collections.abc import Mapping

from include.ml.container import Container, leave, replace_file, run_job, say
from include.ml.data import partition
from include.ml.data.preprocessing import preprocess
from include.specs import codec
from include.specs.reports import PREPROCESSING
from include.specs.run import TrainingRun


def main(container: Container) -> Mapping[str, int]:
    """Read, split, and only then write.

    Raises:
        PartitionError, DataContractError: see `include.ml.data.preprocessing`.
    """
    run = container.config(TrainingRun)
    done = preprocess(container.channel("raw"), run)
    for part, table in done.parts.items():
        replace_file(container.output(part) / f"{part}.parquet", partition.parquet(table))
    replace_file(container.output("report") / PREPROCESSING, codec.encode(done.report))
    for why, count in done.report.dropped.items():
        say(f"dropped {count} rows: {why}")
    return {part: count.rows for part, count in done.report.parts.items()}


if __name__ == "__main__":
    leave(run_job("preprocess", main))
