"""State: what all services know, kept on disk, so that it survives a restart.

A SIGKILL loses what was done in the last second; with very much metadata, in the last six times as long as a snapshot
takes.

A snapshot is a pickle of each service's backends. S3 objects' content is not in it: it lies beside, in files named by
digest that are written once, so that a snapshot costs what the metadata costs however large the objects are.
"""

from __future__ import annotations

import copyreg
import fcntl
import hashlib
import io
import logging
import pickle
import threading
import time
from pathlib import Path
from typing import Any, cast

from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore

from localaws.contents import BlobStore, write_durably

log = logging.getLogger(__name__)

DEBOUNCE_S = 0.2
# A snapshot may take this part of the time at most: with much metadata, it is taken less often.
LOAD = 0.2
ATTEMPTS = 5
RETRY_S = 2.0  # after a save that failed, as on a full disk
LOCK_TYPES = (type(threading.Lock()), type(threading.RLock()))

Snapshot = list[tuple[str, str, BaseBackend]]


class DataDirInUseError(OSError):
    """Another localaws uses the data folder."""


class StateUnreadableError(OSError):
    """What was kept cannot be read, as after an upgrade that changed its form."""


class StateNotSavedError(OSError):
    """What changed last could not be written."""


class _Content:
    """Stands for an object's content inside a pickle."""

    def __init__(self, digest: str) -> None:
        self.digest = digest


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, blobs: BlobStore) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._blobs = blobs

    def persistent_id(self, obj: object) -> str | None:
        return obj.digest if isinstance(obj, _Content) else None

    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, FakeKey):
            left_out = {"_value_buffer", "lock"}
            state = {name: value for name, value in vars(obj).items() if name not in left_out}
            return copyreg.__newobj__, (FakeKey,), {**state, "value": _Content(self._blobs.put(obj))}  # type: ignore[attr-defined]  # not in typeshed
        if isinstance(obj, LOCK_TYPES):
            return (threading.RLock if type(obj) is LOCK_TYPES[1] else threading.Lock), ()
        if isinstance(obj, _VersionedKeyStore):
            # A dict whose items are the newest versions only: as one, it would be pickled without the others.
            return _VersionedKeyStore, (), dict(obj.lists()), None, None, _set_versions
        return NotImplemented


def _set_versions(store: _VersionedKeyStore, versions: dict[str, list[object]]) -> None:
    for key, of_key in versions.items():
        store.setlist(key, of_key)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, blobs: BlobStore) -> None:
        super().__init__(file)
        self._blobs = blobs

    def persistent_load(self, pid: str) -> bytes:
        return self._blobs.get(pid)


def services_in_use() -> list[BackendDict[Any]]:
    """The services that have a backend; moto has no public list of them."""
    return list(BackendDict._instances)  # type: ignore[misc]  # moto declares the list with a type variable


def _know_buckets_again() -> None:
    """Tell moto whose the buckets are; else it would let a bucket be made over another."""
    for account, of_account in s3_backends.items():
        for backend in of_account.values():
            for bucket in backend.buckets.values():
                s3_backends.bucket_accounts[bucket.name] = (bucket.partition, account)


class StateKeeper:
    """Saves the state shortly after it changes, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "state"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(folder / "lock")
        self._blobs = BlobStore(folder / "objects")
        self._saved: dict[str, str] = {}
        self._complained: set[str] = set()
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def load(self) -> None:
        """Give moto's services the state that was kept."""
        for path in sorted(self._folder.glob("*.pickle")):
            for account, region, backend in self._read(path):
                service = backends.get_backend(cast("Any", path.stem))
                dict.__setitem__(service[account], region, backend)
        _know_buckets_again()

    def _read(self, path: Path) -> Snapshot:
        try:
            return cast("Snapshot", _Unpickler(io.BytesIO(path.read_bytes()), self._blobs).load())
        except Exception as error:  # whatever an old pickle makes of new classes
            raise StateUnreadableError(f"{path} cannot be read ({error}); move it away to start without it") from error

    def start(self) -> None:
        """Save changes from now on."""
        self._thread.start()

    def touch(self) -> None:
        """Tell that something may have changed. Returns at once."""
        self._changed.set()

    @property
    def problem(self) -> str | None:
        """Why the last save failed; None when it did not."""
        return self._problem

    def close(self) -> None:
        """Save what has changed and stop.

        Raises:
            StateNotSavedError: it cannot be written; what was saved before is as it was.
        """
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.save()
        except Exception as error:
            raise StateNotSavedError(f"what changed last is not kept in {self._folder}: {error}") from error
        finally:
            self._lock_file.close()

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._changed.wait()
            self._closing.wait(DEBOUNCE_S)
            self._changed.clear()
            began = time.monotonic()
            pause_s = 0.0 if self._saves() else RETRY_S
            self._closing.wait(max((time.monotonic() - began) / LOAD, pause_s))

    def _saves(self) -> bool:
        """Whether a save went well. One that did not is told once for each reason, and tried again."""
        try:
            self.save()
        except Exception as error:  # whatever it was: without this thread nothing would be saved any more
            if self._problem != str(error):
                log.exception("the state is not saved; it is tried again every %s s", RETRY_S)
            self._problem = str(error)
            self._changed.set()
            return False
        if self._problem is not None:
            log.warning("the state is saved again")
        self._problem = None
        return True

    def save(self) -> None:
        """Write the snapshot of each service that differs from what is on disk.

        Raises:
            Exception: what kept one of them from being written; all others were tried.
        """
        self._blobs.used = set()
        services = services_in_use()
        saved, errors = [], []
        for service in services:
            try:
                saved.append(self._save_service(service))
            except Exception as error:  # noqa: BLE001 # raised below: one service must not cost the others theirs
                errors.append(error)
        # moto's reset takes services out of use: what was kept of them is not to come back.
        in_use = {service.service_name for service in services}
        for path in [path for path in self._folder.glob("*.pickle") if path.stem not in in_use]:
            path.unlink()
            self._saved.pop(path.stem, None)
        if errors:
            raise errors[0]
        if all(saved):
            self._blobs.remove_unused()

    def _save_service(self, service: BackendDict[Any]) -> bool:
        """Whether nothing on disk but what was just pickled is needed for the service."""
        name = service.service_name
        content = self._pickled(service)
        if content is None:
            # S3's last snapshot names contents: without a newer one, they have to stay.
            return name in self._complained and name != s3_backends.service_name
        digest = hashlib.sha256(content).hexdigest()
        if self._saved.get(name) != digest:
            write_durably(self._folder / f"{name}.pickle", content)
            self._saved[name] = digest
        return True

    def _pickled(self, service: BackendDict[Any]) -> bytes | None:
        """The service's pickle; None for a service that cannot be pickled, which is said once."""
        for _ in range(ATTEMPTS):
            buffer = io.BytesIO()
            try:
                _Pickler(buffer, self._blobs).dump(list(service.iter_backends()))
            except RuntimeError:  # a request changed a dictionary meanwhile
                continue
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                self._complain(service.service_name, f"{error}")
                return None
            return buffer.getvalue()
        self._changed.set()
        return None

    def _complain(self, service: str, problem: str) -> None:
        if service not in self._complained:
            self._complained.add(service)
            log.warning("the state of %s will not survive a restart: %s", service, problem)


def _lock(path: Path) -> io.TextIOWrapper:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise DataDirInUseError(
            f"{path.parent} is in use by another localaws; end it, or choose another --data-dir"
        ) from error
    return file
