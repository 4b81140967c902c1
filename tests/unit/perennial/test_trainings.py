"""What the newest training is about, and whether another one would make anything new."""

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from perennial import trainings
from perennial.hooks.lake import Lake

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.partition import PartitionRef
from include.specs.run import Champion, TrainingRecord, TrainingRun

Make = Callable[..., Any]
IMAGE = "perennial-ml:1"
KEY = s3_layout.newest_training("churn")


@pytest.fixture
def run(training_run: Make, churn: ModelSpec) -> Make:
    """Makes a training run of some name."""

    def make(run_id: str = "second", **changes: Any) -> TrainingRun:
        made: TrainingRun = training_run(churn, **changes)
        return dataclasses.replace(made, provenance=dataclasses.replace(made.provenance, run_id=run_id))

    return make


@pytest.fixture
def begin(aws: SimpleNamespace) -> Make:  # noqa: ARG001 moto comes first
    """Puts a run on record, as `resolve` does; what was seen of whoever is on record."""

    def make(
        run: TrainingRun, *, image: str = IMAGE, only_if_new: bool = True, counts: bool = True
    ) -> list[TrainingRecord]:
        seen: list[TrainingRecord] = []

        def counted(known: TrainingRecord) -> bool:
            seen.append(known)
            return counts

        trainings.begin(Lake("lake"), run, image=image, only_if_new=only_if_new, counts=counted)
        return seen

    return make


def _known(aws: SimpleNamespace) -> TrainingRecord:
    return codec.decode(TrainingRecord, aws.get(KEY), source=KEY)


def test_same_again_is_in_vain(aws: SimpleNamespace, begin: Make, run: Make, champion: Champion) -> None:
    """The message says which run has it; against another champion the model would be no other either."""
    begin(run("first"))
    with pytest.raises(AirflowSkipException, match="first trains on the same rows under the same spec"):
        begin(run(champion=champion))
    assert _known(aws).run_id == "first"


def test_whoever_has_another_reason_trains(aws: SimpleNamespace, begin: Make, run: Make) -> None:
    """And is what the next one is held against."""
    begin(run("first"))
    begin(run(), only_if_new=False)
    assert _known(aws).run_id == "second"


def test_retry_is_its_own(begin: Make, run: Make) -> None:
    """A try that was killed after it had put itself on record is no other training."""
    begin(run())
    assert begin(run()) == []


def test_run_that_has_failed_makes_nothing_vain(aws: SimpleNamespace, begin: Make, run: Make) -> None:
    """Whoever asks is told of which run it is."""
    begin(run("first"))
    assert [known.run_id for known in begin(run(), counts=False)] == ["first"]
    assert _known(aws).run_id == "second"


def test_anything_that_makes_another_model_is_new(run: Make, churn: ModelSpec, partition: Make) -> None:
    """Rows, days, spec, code; not which objects the rows were read from."""
    ref: PartitionRef = partition()
    [file] = ref.manifest.files
    other_file = dataclasses.replace(file, name="part-0b.parquet", sha256="b" * 64)
    other_rows = dataclasses.replace(ref, manifest=dataclasses.replace(ref.manifest, files=(other_file,)))
    other_code = run()
    other_code = dataclasses.replace(
        other_code, provenance=dataclasses.replace(other_code.provenance, code_version="2")
    )
    others = (
        run(partitions=(other_rows,)),
        run(partitions=(partition(date=dt.date(2026, 3, 2)),)),
        run(partitions=(ref, partition(date=dt.date(2026, 3, 2)))),
        run(model=dataclasses.replace(churn, gate=dataclasses.replace(churn.gate, margin=0.5))),
        other_code,
    )
    about = trainings.record_of(run(), IMAGE).about
    assert about not in {trainings.record_of(other, IMAGE).about for other in others}
    dropped_again = tuple(dataclasses.replace(source, version_id="2") for source in ref.manifest.sources)
    again = dataclasses.replace(ref, sha256="0" * 64, manifest=dataclasses.replace(ref.manifest, sources=dropped_again))
    assert trainings.record_of(run("another", partitions=(again,)), IMAGE).about == about


def test_another_image_is_new(aws: SimpleNamespace, begin: Make, run: Make) -> None:
    """The jobs compute with what is in it, whatever the flow's code is; and it is what the next one is held against."""
    begin(run("first"))
    begin(run(), image="perennial-ml:2")
    assert (_known(aws).run_id, _known(aws).image) == ("second", "perennial-ml:2")
    with pytest.raises(AirflowSkipException, match="second trains"):
        begin(run("third"), image="perennial-ml:2")


@pytest.mark.parametrize("run_id", ["first", "second"])
def test_record_that_says_no_image_starts_no_training(
    aws: SimpleNamespace, begin: Make, run: Make, run_id: str
) -> None:
    """That an older release did not keep it is no news; a run's own record, of a try before the update, is its own."""
    older = json.loads(codec.encode(trainings.record_of(run("first"), IMAGE)))
    del older["image"]
    aws.put(KEY, json.dumps(older).encode())
    with contextlib.nullcontext() if run_id == "first" else pytest.raises(AirflowSkipException, match="first trains"):
        begin(run(run_id))
    assert (_known(aws).run_id, _known(aws).image) == ("first", IMAGE if run_id == "first" else "")


def test_past_window_is_not_what_others_are_held_against(aws: SimpleNamespace, begin: Make, run: Make) -> None:
    """Nor is it held against others: whoever starts one wants it."""
    begin(run("first"))
    begin(run(past_window=True))
    assert _known(aws).run_id == "first"


def test_record_that_nobody_can_read_is_replaced(aws: SimpleNamespace, begin: Make, run: Make) -> None:
    """Better trained twice than never."""
    aws.put(KEY, b"{}")
    begin(run())
    assert _known(aws).run_id == "second"


@pytest.mark.parametrize(("writes", "outcome"), [("faster", "in vain"), ("second", "its own")])
def test_record_that_is_in_the_way_is_read(
    aws: SimpleNamespace, run: Make, monkeypatch: pytest.MonkeyPatch, writes: str, outcome: str
) -> None:
    """It is another run's that was faster, or this one's, of a write whose answer was lost and that was repeated."""
    swap = Lake.swap

    def second_to_come(self: Lake, key: str, body: bytes, *, tag: str | None) -> bool:
        monkeypatch.setattr(Lake, "swap", swap)
        aws.put(KEY, trainings.record_of(run(writes), IMAGE))
        return swap(self, key, body, tag=tag)

    lake = Lake("lake")
    monkeypatch.setattr(Lake, "swap", second_to_come)
    with pytest.raises(AirflowSkipException) if outcome == "in vain" else contextlib.nullcontext():
        trainings.begin(lake, run(), image=IMAGE, only_if_new=True, counts=lambda _: True)
    assert _known(aws).run_id == writes
