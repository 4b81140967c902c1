"""State on disk: what a keeper has saved, the next one gives back to moto's services."""

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.core.base_backend import BackendDict
from moto.logs.models import logs_backends
from moto.s3.exceptions import BucketAlreadyExists
from moto.s3.models import S3Backend, s3_backends
from moto.sns.models import sns_backends

from localaws import state
from localaws.state import DataDirInUseError, StateKeeper, StateNotSavedError, StateUnreadableError

ACCOUNT = "123456789012"


@contextmanager
def keeper(folder: Path) -> Iterator[StateKeeper]:
    """A keeper that is closed in the end, which saves."""
    made = StateKeeper(folder)
    yield made
    made.close()


def restart(folder: Path) -> None:
    """Forget everything, as a process does that ends, and load what was kept."""
    BackendDict.reset()
    with keeper(folder) as fresh:
        fresh.load()


def contents(folder: Path) -> dict[str, bytes]:
    """The contents that lie on disk, by their digest."""
    return {path.name: path.read_bytes() for path in (folder / "objects").iterdir()}


def unsaveable(error: type[Exception]) -> object:
    """An object whose pickling raises an error."""

    class Unsaveable:
        def __reduce__(self) -> str:
            raise error("cannot be pickled")

    return Unsaveable()


def until(look: Callable[[], bool]) -> None:
    """Wait until it is so; the limit bounds a failing test."""
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_saved_is_loaded(s3: S3Backend, tmp_path: Path) -> None:
    """Objects with their content and versions, and every other service's state, survive."""
    s3.put_bucket_versioning("lake", "Enabled")
    for content in (b"old", b"new"):
        s3.put_object("lake", "key", content)
    logs_backends[ACCOUNT]["eu-west-1"].create_log_group("group", {})
    with keeper(tmp_path):
        pass
    restart(tmp_path)
    versions = s3_backends[ACCOUNT]["aws"].buckets["lake"].keys.getlist("key")
    assert [version.value for version in versions] == [b"old", b"new"]
    assert list(logs_backends[ACCOUNT]["eu-west-1"].groups) == ["group"]


def test_a_loaded_object_can_be_read_by_two_at_once(s3: S3Backend, tmp_path: Path) -> None:
    """Its lock, which no pickle holds, is there again and free."""
    s3.put_object("lake", "key", b"content")
    with keeper(tmp_path):
        pass
    restart(tmp_path)
    found = s3_backends[ACCOUNT]["aws"].get_object("lake", "key")
    assert found is not None
    assert found.lock.acquire(blocking=False)


def test_a_loaded_bucket_is_somebodys(s3: S3Backend, tmp_path: Path) -> None:
    """It cannot be made anew over what it holds."""
    assert "lake" in s3.buckets
    with keeper(tmp_path):
        pass
    restart(tmp_path)
    with pytest.raises(BucketAlreadyExists):
        s3_backends[ACCOUNT]["aws"].create_bucket("lake", "eu-west-1")


def test_a_content_is_written_once(s3: S3Backend, tmp_path: Path) -> None:
    """Equal objects share a file, and a later snapshot does not write it again."""
    for key in ("one", "two"):
        s3.put_object("lake", key, b"content")
    with keeper(tmp_path) as kept:
        kept.save()
        (path,) = (tmp_path / "objects").iterdir()
        written = path.stat().st_ino, path.stat().st_mtime_ns
        s3.put_object("lake", "three", b"content")
        kept.save()
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == written


def test_what_no_object_holds_any_more_is_removed(s3: S3Backend, tmp_path: Path) -> None:
    """The content of an object that was replaced or deleted goes with the next snapshot."""
    for key in ("replaced", "deleted"):
        s3.put_object("lake", key, key.encode())
    with keeper(tmp_path) as kept:
        kept.save()
        assert set(contents(tmp_path).values()) == {b"replaced", b"deleted"}
        s3.put_object("lake", "replaced", b"by another")
        s3.delete_object("lake", "deleted")
        kept.save()
        assert set(contents(tmp_path).values()) == {b"by another"}


def test_an_incomplete_snapshot_removes_nothing(s3: S3Backend, tmp_path: Path) -> None:
    """While a service changes too fast to be saved, what the last snapshot needs stays on disk."""
    s3.put_object("lake", "key", b"old")
    with keeper(tmp_path) as kept:
        kept.save()
        s3.put_object("lake", "key", b"new")
        changing = unsaveable(RuntimeError)
        s3.tagger.tags["changing"] = changing
        kept.save()
        assert b"old" in contents(tmp_path).values()
        del s3.tagger.tags["changing"]
    restart(tmp_path)
    found = s3_backends[ACCOUNT]["aws"].get_object("lake", "key")
    assert found is not None
    assert found.value == b"new"


def test_a_snapshot_that_cannot_be_made_removes_nothing(s3: S3Backend, tmp_path: Path) -> None:
    """While S3 has something that no pickle takes, its last snapshot can be loaded; the next one removes again."""
    s3.put_object("lake", "key", b"old")
    with keeper(tmp_path) as kept:
        kept.save()
        s3.put_object("lake", "key", b"new")
        s3.buckets["lake"].cors = [unsaveable(TypeError)]
        kept.save()
    restart(tmp_path)
    found = s3_backends[ACCOUNT]["aws"].get_object("lake", "key")
    assert found is not None
    assert found.value == b"old"
    s3_backends[ACCOUNT]["aws"].delete_object("lake", "key")
    with keeper(tmp_path):
        pass
    assert contents(tmp_path) == {}


def test_a_service_that_cannot_be_kept_is_told_once(
    s3: S3Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names it; all other services are kept."""
    sns_backends[ACCOUNT]["eu-west-1"].topics["t"] = unsaveable(TypeError)  # type: ignore[assignment]  # on purpose
    with caplog.at_level(logging.WARNING, logger="localaws.state"), keeper(tmp_path) as kept:
        kept.save()
        s3.put_object("lake", "key", b"content")
    (warning,) = caplog.messages
    assert warning == "the state of sns will not survive a restart: cannot be pickled"
    restart(tmp_path)
    assert "key" in s3_backends[ACCOUNT]["aws"].buckets["lake"].keys


def test_a_reset_service_does_not_come_back(s3: S3Backend, tmp_path: Path) -> None:
    """After moto's reset nothing is on disk that could be loaded."""
    s3.put_object("lake", "key", b"content")
    with keeper(tmp_path) as kept:
        kept.save()
        assert list((tmp_path / "state").iterdir())
        BackendDict.reset()
    assert [*(tmp_path / "state").iterdir(), *(tmp_path / "objects").iterdir()] == []


def test_a_change_is_saved_without_being_asked_for(s3: S3Backend, tmp_path: Path) -> None:
    """A keeper that was started saves after a touch; nobody waits for it."""
    with keeper(tmp_path) as kept:
        kept.start()
        s3.put_object("lake", "key", b"content")
        kept.touch()
        until(lambda: b"content" in contents(tmp_path).values())


def test_a_save_that_fails_is_told_and_tried_again(
    s3: S3Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing can be written the reason is to be had and told once; then all is saved, asked for or not."""
    monkeypatch.setattr(state, "RETRY_S", 0.02)
    refused = itertools.count()
    with keeper(tmp_path) as kept, caplog.at_level(logging.WARNING, logger="localaws.state"):
        hindrance = tmp_path / "state"
        hindrance.rmdir()
        hindrance.write_text("a file where a folder should be")
        kept.start()
        s3.put_object("lake", "key", b"content")
        kept.touch()
        until(lambda: kept.problem is not None and next(refused) > 20)
        assert "Not a directory" in (kept.problem or "")
        hindrance.unlink()
        hindrance.mkdir()
        until(lambda: kept.problem is None)
        assert (hindrance / "s3.pickle").exists()
    assert [message.partition(";")[0] for message in caplog.messages] == [
        "the state is not saved",
        "the state is saved again",
    ]


def test_a_service_that_cannot_be_written_costs_no_other(s3: S3Backend, tmp_path: Path) -> None:
    """Every other service is on disk, and what was wrong is raised."""
    s3.put_object("lake", "key", b"content")
    logs_backends[ACCOUNT]["eu-west-1"].groups["odd"] = unsaveable(ZeroDivisionError)  # type: ignore[assignment]  # on purpose
    sns_backends[ACCOUNT]["eu-west-1"].create_topic("alerts")
    kept = StateKeeper(tmp_path)
    with pytest.raises(StateNotSavedError, match=r"is not kept in .*: cannot be pickled"):
        kept.close()
    assert {path.stem for path in (tmp_path / "state").iterdir()} == {"s3", "sns"}


def test_a_last_save_that_fails_gives_the_folder_back(s3: S3Backend, tmp_path: Path) -> None:
    """The error names the folder; another keeper can have it."""
    s3.put_object("lake", "key", b"content")
    with pytest.raises(StateNotSavedError, match=str(tmp_path / "state")), keeper(tmp_path):
        (tmp_path / "state").rmdir()
    StateKeeper(tmp_path).close()


def test_state_that_cannot_be_read_stops_the_start(no_state: None, tmp_path: Path) -> None:  # noqa: ARG001  # a fixture
    """The message names the file and says how to go on without it; the file is left as it was."""
    file = tmp_path / "state" / "s3.pickle"
    file.parent.mkdir()
    file.write_bytes(b"of another version")
    with keeper(tmp_path) as kept, pytest.raises(StateUnreadableError) as caught:
        kept.load()
    assert str(caught.value).startswith(f"{file} cannot be read (")
    assert str(caught.value).endswith("; move it away to start without it")


def test_a_folder_has_one_keeper(no_state: None, tmp_path: Path) -> None:  # noqa: ARG001  # a fixture
    """A second one is refused with the folder's name, until the first is closed."""
    with keeper(tmp_path), pytest.raises(DataDirInUseError, match=f"{tmp_path} is in use by another localaws"):
        StateKeeper(tmp_path)
    with keeper(tmp_path):
        pass
