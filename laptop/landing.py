"""What goes into the landing prefix: a person's file as it is, or rows that the model's generator makes up."""

from __future__ import annotations

import datetime as dt
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.specs import s3_layout
from include.specs.model import ModelSpec
from laptop import aws
from laptop.errors import LaptopError
from laptop.settings import BUCKET, Settings

SUFFIXES = (".csv", ".parquet")
NAME = "make-run"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A file to land, and where its rows came from, in words that the report will repeat."""

    file: Path
    origin: str


def check(file: Path) -> Path:
    """`file`, if it can be landed. What is in it is for the ingestion to judge.

    Raises:
        LaptopError: it does not exist, cannot be read, or its name ends in neither .csv nor .parquet.
    """
    if not file.is_file():
        raise LaptopError(f"DATA={file}: there is no such file; give a path to a CSV or Parquet file")
    if file.suffix.lower() not in SUFFIXES:
        raise LaptopError(f"DATA={file}: expected a name that ends in {' or '.join(SUFFIXES)}, got {file.suffix!r}")
    try:
        with file.open("rb"):
            return file
    except OSError as error:
        raise LaptopError(f"DATA={file}: cannot be read: {error.strerror}") from error


@contextmanager
def delivery(settings: Settings, spec: ModelSpec, data: Path | None) -> Iterator[Delivery]:
    """`data`, or made-up rows in a temporary file.

    Raises:
        LaptopError: the generator failed; the message is its own.
    """
    if data is not None:
        yield Delivery(file=data, origin=f"file: {data.name}")
        return
    with tempfile.TemporaryDirectory(prefix="perennial-") as folder:
        file = Path(folder) / f"{NAME}.csv"
        _synthesise(settings, spec, file)
        seed = spec.dataset.synthetic.seed
        yield Delivery(file=file, origin=f"synthetic: seed {seed}, generator of the {spec.name} spec")


def _synthesise(settings: Settings, spec: ModelSpec, file: Path) -> None:
    command = [str(settings.python), "-m", "include.ml.jobs.synthesise", "--model", spec.name, "--out", str(file)]
    done = subprocess.run(command, cwd=settings.repo, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LaptopError(f"no data could be made up for {spec.name}:\n{done.stderr.strip()}")


def land(endpoint: str, model: str, date: dt.date, delivered: Delivery) -> str:
    """Put the file where a producer would, in place of what an earlier run left for the date. Returns its key."""
    s3 = aws.client("s3", endpoint)
    prefix = s3_layout.landing(model, date)
    key = f"{prefix}{NAME}{delivered.file.suffix.lower()}"
    # Metadata is ASCII on the wire.
    metadata = {"origin": delivered.origin.encode("ascii", "backslashreplace").decode()}
    s3.upload_file(str(delivered.file), BUCKET, key, ExtraArgs={"Metadata": metadata})
    for other in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix + NAME).get("Contents", ()):
        if other["Key"] != key:
            s3.delete_object(Bucket=BUCKET, Key=other["Key"])
    return key
