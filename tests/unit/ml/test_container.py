"""The container contract: where files are, and how a job says how it ended."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include.ml.container import STOPPED, Container, ContainerError, bounded, replace_file, run_job
from include.specs.errors import DataContractError
from include.specs.job import STEPS

ROOT = ["--root"]
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def train(tmp_path: Path) -> Container:
    return Container(step=STEPS["train"], root=tmp_path)


def test_channels_of_a_training_job_lie_where_sagemaker_puts_them(train: Container, tmp_path: Path) -> None:
    """A training job's channel is a folder below input/data, a processing job's below processing/input."""
    (tmp_path / "input/data/train").mkdir(parents=True)
    (tmp_path / "processing/input/raw").mkdir(parents=True)
    assert train.channel("train") == tmp_path / "input/data/train"
    preprocess = Container(step=STEPS["preprocess"], root=tmp_path)
    assert preprocess.channel("raw") == tmp_path / "processing/input/raw"
    assert preprocess.output("test") == tmp_path / "processing/output/test"


def test_a_missing_channel_is_named(train: Container) -> None:
    """The message names the channel and the folder."""
    with pytest.raises(ContainerError, match=r"'validation'.*input/data/validation"):
        train.channel("validation")


def test_an_empty_optional_channel_is_absent(tmp_path: Path) -> None:
    """SageMaker makes the folder of a channel without objects too."""
    evaluate = Container(step=STEPS["evaluate"], root=tmp_path)
    folder = tmp_path / "processing/input/champion"
    assert evaluate.optional_channel("champion") is None
    folder.mkdir(parents=True)
    assert evaluate.optional_channel("champion") is None
    (folder / "model.tar.gz").write_bytes(b"x")
    assert evaluate.optional_channel("champion") == folder


def test_a_missing_configuration_is_named(train: Container, tmp_path: Path) -> None:
    """Without run.json the message says where it was expected."""
    (tmp_path / "input/data/config").mkdir(parents=True)
    with pytest.raises(ContainerError, match=r"config/run\.json"):
        train.config(dict)


def test_hyperparameters_are_text_and_may_be_absent(train: Container, tmp_path: Path) -> None:
    """SageMaker hands on text; anything else is refused."""
    assert train.hyperparameters() == {}
    path = tmp_path / "input/config/hyperparameters.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"C": "0.1"}))
    assert train.hyperparameters() == {"C": "0.1"}
    for content in ('{"C": 0.1}', "[]", "{"):
        path.write_text(content)
        with pytest.raises(ContainerError, match="JSON object"):
            train.hyperparameters()


def test_a_job_that_ends_well_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line holds the counts; nothing is left for SageMaker to report."""
    assert run_job("train", lambda _: {"rows": 7}, [*ROOT, str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(", rows 7")
    assert not (tmp_path / "output").exists()


def test_an_expected_failure_is_a_message_without_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person has to read is the error's own text, in the log, its notes before it, and in ExitMessage."""

    def main(_: Container) -> dict[str, int]:
        error = DataContractError("a.csv: column 'x' is missing")
        error.add_note("the header: y, z")
        raise error

    assert run_job("ingest", main, [*ROOT, str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == ["the header: y, z", "ingest: failed: DataContractError: a.csv: column 'x' is missing"]
    assert (tmp_path / "output/message").read_text() == "DataContractError: a.csv: column 'x' is missing"


def test_a_defect_keeps_its_traceback_and_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback is in the log, the reason in at most 1024 bytes for SageMaker."""

    def main(_: Container) -> dict[str, int]:
        raise ZeroDivisionError("é" * 2000)

    assert run_job("train", main, [*ROOT, str(tmp_path)]) == 1
    assert "Traceback" in capsys.readouterr().err
    reason = (tmp_path / "output/failure").read_bytes()
    assert reason.decode().startswith("ZeroDivisionError: é")
    assert 1020 <= len(reason) <= 1024


def test_a_stopped_job_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SIGTERM ends the job at once, with the code a shell gives it and without a failure file."""

    def main(_: Container) -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGTERM)
        return {}

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert run_job("train", main, [*ROOT, str(tmp_path)]) == STOPPED
    assert "stopped by SIGTERM" in capsys.readouterr().out
    assert not (tmp_path / "output").exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_openmp_waits_without_spinning_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job sets the policy before its numerical libraries load; the container's own setting wins."""
    seen: list[str | None] = []

    def main(_: Container) -> dict[str, int]:
        seen.append(os.environ.get("OMP_WAIT_POLICY"))
        return {}

    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    run_job("train", main, [*ROOT, str(tmp_path)])
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    run_job("train", main, [*ROOT, str(tmp_path)])
    assert seen == ["PASSIVE", "ACTIVE"]


def test_a_job_takes_no_test_framework_in(tmp_path: Path) -> None:
    """Wherever it runs, it loads what it loads in its image: pytest is not found, though it is installed here."""
    code = (
        "import sys; from include.ml.container import run_job\n"
        "def main(_): import skops.io; return {'pytest': int(sys.modules['pytest'] is not None)}\n"
        f"run_job('train', main, ['--root', {str(tmp_path)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].endswith("pytest 0")


def test_nothing_looks_for_garbage_while_a_job_runs_or_when_it_has_ended(tmp_path: Path) -> None:
    """Each search would walk through all that was imported: there is none, and what is there at the end is left out."""
    job = """
import gc, sys
from include.ml.container import run_job
searches, kept = [], []
gc.callbacks.append(lambda phase, info: searches.append(phase))
def main(container):
    kept.extend([] for _ in range(200_000))
    return {"seen": len(kept), "searches": len(searches)}
code = run_job("train", main, ["--root", sys.argv[1]])
after = [[]]
print(len(searches), gc.isenabled())
sys.exit(code)
"""
    command = [sys.executable, "-c", job, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2].endswith("seen 200000, searches 0")
    assert done.stdout.splitlines()[-1] == "0 True"


@pytest.mark.parametrize("code", [0, 1, STOPPED])
def test_a_job_leaves_with_its_code_and_all_that_it_said(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Nothing that was imported is asked whether it has something to add."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    job = f"""
import atexit, sys
from include.ml.container import leave
atexit.register(print, "and another thing")
sys.stdout.write("the last line")
sys.stderr.write("and the last error")
leave({code})
"""
    done = subprocess.run([sys.executable, "-c", job], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "the last line", "and the last error")


def test_a_job_whose_reader_has_gone_leaves_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told any more changes nothing about the job."""
    job = "import sys; from include.ml.container import leave; sys.stdin.read(); sys.stdout.write('late'); leave(0)"
    command = [sys.executable, "-c", job]
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:  # type: ignore[call-overload]  # not seen through **
        process.stdout.close()
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_bounded_never_cuts_a_character_in_half() -> None:
    """Bytes are counted, characters are cut."""
    assert bounded("ééé", 5) == "éé"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there, and nothing unfinished beside it."""
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    replace_file(path, b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("report.json", b"new")]


def test_a_file_that_cannot_be_finished_leaves_no_part_of_itself(tmp_path: Path) -> None:
    """What was there stays, and the room that the part took is free again."""
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            replace_file(path, b"new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("report.json", b"old")]


@pytest.mark.parametrize(("step", "reason"), [("ingest", "output/message"), ("train", "output/failure")])
def test_what_a_failed_job_has_made_is_no_result(tmp_path: Path, step: str, reason: str) -> None:
    """Its outputs and its model go, for whoever would upload them; what was given to it stays.

    So does the reason, as one file: the one that SageMaker reads of such a job.
    """

    def main(container: Container) -> dict[str, int]:
        made = [container.output(name) for name in container.step.outputs] or [container.model]
        for folder in made:
            (folder / "part").write_bytes(b"half")
        raise DataContractError("a.csv: column 'x' is missing")

    (tmp_path / "input").mkdir()
    (tmp_path / "input/given").write_bytes(b"data")
    assert run_job(step, main, [*ROOT, str(tmp_path)]) == 1
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["input/given", reason]


def test_a_failure_without_room_for_its_reason_is_still_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has both: why the job failed, first, and that the reason could not be left."""
    (tmp_path / "output").write_text("where a folder should be")

    def main(_: Container) -> dict[str, int]:
        raise DataContractError("a.csv: column 'x' is missing")

    assert run_job("ingest", main, [*ROOT, str(tmp_path)]) == 1
    why, unsaid = capsys.readouterr().err.splitlines()
    assert why == "ingest: failed: DataContractError: a.csv: column 'x' is missing"
    assert unsaid.startswith("ingest: the reason could not be left for SageMaker:")
