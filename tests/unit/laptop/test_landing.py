"""What lands: a person's file or made-up rows, in a bucket of a real server of the AWS API."""

import datetime as dt
import errno
import os
import re
import sys
from pathlib import Path

import pytest

from include.specs import catalog
from laptop import aws, landing
from laptop.errors import LaptopError
from laptop.landing import Delivery
from laptop.settings import BUCKET, Settings

ROOT = Path(__file__).parents[3]
SETTINGS = Settings(repo=ROOT, state=Path("unused"), python=Path(sys.executable))
DATE = dt.date(2026, 3, 1)
PREFIX = "landing/churn/year=2026/month=03/day=01/"


def test_a_file_lands_where_the_ingestion_looks(endpoint: str, tmp_path: Path) -> None:
    """The object has the file's bytes, the date's prefix, and its origin in words."""
    file = tmp_path / "Kündigungen.CSV"
    file.write_bytes(b"a,b\n")
    key = landing.land(endpoint, "churn", DATE, Delivery(file=file, origin=f"file: {file.name}"))
    found = aws.client("s3", endpoint).get_object(Bucket=BUCKET, Key=key)
    assert key == f"{PREFIX}make-run.csv"
    assert found["Body"].read() == b"a,b\n"
    assert found["Metadata"] == {"origin": "file: K\\xfcndigungen.CSV"}


def test_a_second_landing_replaces_the_first(endpoint: str, tmp_path: Path) -> None:
    """A file of another format does not lie beside the earlier one; a producer's own file is left alone."""
    s3 = aws.client("s3", endpoint)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}producer.csv", Body=b"x")
    for name in ("data.csv", "data.parquet"):
        (tmp_path / name).write_bytes(b"x")
        landing.land(endpoint, "churn", DATE, Delivery(file=tmp_path / name, origin="file: data"))
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == [f"{PREFIX}make-run.parquet", f"{PREFIX}producer.csv"]


def test_data_is_made_up_where_none_is_given() -> None:
    """The generator's rows say that they are, with the seed that makes them again."""
    spec = catalog.model("churn")
    with landing.delivery(SETTINGS, spec, None) as delivered:
        assert spec.dataset.columns[0].name in delivered.file.read_text().split("\n", 1)[0]
    assert delivered.origin == f"synthetic: seed {spec.dataset.synthetic.seed}, generator of the churn spec"
    assert not delivered.file.exists()


def test_a_generator_that_fails_is_told(tmp_path: Path) -> None:
    """The message is the generator's own."""
    broken = Settings(repo=tmp_path, state=tmp_path, python=SETTINGS.python)
    with (
        pytest.raises(LaptopError, match=r"no data could be made up for churn:(.|\n)*include"),
        landing.delivery(broken, catalog.model("churn"), None),
    ):
        pass


def test_a_file_of_a_person_is_delivered_as_it_is(tmp_path: Path) -> None:
    """It is named as the origin, is not copied, and is still there afterwards."""
    file = tmp_path / "churned.csv"
    file.write_bytes(b"a\n")
    with landing.delivery(SETTINGS, catalog.model("churn"), file) as delivered:
        assert delivered == Delivery(file=file, origin="file: churned.csv")
    assert file.read_bytes() == b"a\n"


def test_another_day_is_left_alone(endpoint: str, tmp_path: Path) -> None:
    """What landed for a date stays when a later date gets its file."""
    file = tmp_path / "data.csv"
    file.write_bytes(b"x")
    delivered = Delivery(file=file, origin="file: data.csv")
    dates = (DATE, DATE + dt.timedelta(days=1))
    keys = [landing.land(endpoint, "churn", date, delivered) for date in dates]
    assert [found["Key"] for found in aws.client("s3", endpoint).list_objects_v2(Bucket=BUCKET)["Contents"]] == keys
    assert len(set(keys)) == 2


@pytest.mark.parametrize("name", ["data.csv", "DATA.CSV", "data.parquet"])
def test_csv_and_parquet_can_be_landed(tmp_path: Path, name: str) -> None:
    """A file is judged by the end of its name, in capitals too, and by nothing that is in it."""
    (tmp_path / name).write_bytes(b"\x00")
    assert landing.check(tmp_path / name) == tmp_path / name


@pytest.mark.parametrize("name", ["data", "data.xlsx", "csv", "data.csv.gz"])
def test_no_other_file_can(tmp_path: Path, name: str) -> None:
    """The message has the path, what was expected, and what the name ends in."""
    (tmp_path / name).write_bytes(b"a\n")
    found = f"DATA={tmp_path / name}: expected a name that ends in .csv or .parquet, got {Path(name).suffix!r}"
    with pytest.raises(LaptopError, match=re.escape(found)):
        landing.check(tmp_path / name)


def test_a_file_that_may_not_be_read_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the path and the system's reason."""
    file = tmp_path / "secret.csv"
    file.write_bytes(b"a\n")

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)  # permissions would not stop root
    with pytest.raises(LaptopError, match=r"secret\.csv: cannot be read: Permission denied"):
        landing.check(file)
