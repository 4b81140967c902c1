"""The whole of it: machine, state and server put together, started and ended in the right order."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from localaws.iam import backend as iam
from localaws.jobs import isolation, reaper
from localaws.jobs.images import Image, ImageCatalog, read_images
from localaws.sagemaker import backend
from localaws.sagemaker.runs import default_image_path
from localaws.sagemaker.runtime import Machine, Runtime
from localaws.server import Application, serve
from localaws.state import StateKeeper


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a server is started with; see the command line's help."""

    host: str = "127.0.0.1"
    port: int = 4566
    data_dir: Path | None = None
    images_file: Path | None = None
    isolation: str | None = None
    grace_s: float = 120.0
    constraints: bool = True


class LocalAws:
    """A running localaws; a context manager, once a process.

    Raises:
        ImageFileError, IsolationError, OSError: it cannot start, or its state cannot be saved when it ends; the message
            says why.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> LocalAws:
        settings = self._settings
        images = self._images()
        self._folder = settings.data_dir or Path(tempfile.mkdtemp(prefix="localaws-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        jobs_folder = self._folder.absolute() / "jobs"
        chosen = isolation.choose(settings.isolation, jobs_folder=jobs_folder)
        self._keeper = StateKeeper(self._folder)
        self._server = serve(settings.host, settings.port, self._application)
        endpoint = f"http://{_reachable(settings.host)}:{self._server.server_port}"
        self.machine = Machine(
            endpoint=endpoint,
            jobs_folder=jobs_folder,
            isolation=chosen,
            images=images,
            grace_s=settings.grace_s,
            constraints=settings.constraints,
        )
        # moto sends some requests to itself, and looks for its port here
        os.environ["MOTO_PORT"] = str(self._server.server_port)
        shutil.rmtree(self.machine.jobs_folder, ignore_errors=True)  # of jobs that a SIGKILL of ours left
        self._reaper = reaper.start(self.machine.instance)
        self._runtime = Runtime(self.machine, on_change=self._keeper.touch)
        backend.install(self._runtime)
        iam.install()
        self._keeper.load()
        for found in backend.all_backends():
            found.fail_interrupted()
        self._keeper.start()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        try:
            self._runtime.end_all()
            self._keeper.close()
        finally:
            self._clear_up()

    def _clear_up(self) -> None:
        self._end_reaper()
        shutil.rmtree(self.machine.jobs_folder, ignore_errors=True)
        if self._settings.data_dir is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _application(self) -> Application:
        return Application(self._runtime, on_write=self._keeper.touch, unsaved=lambda: self._keeper.problem)

    def _images(self) -> ImageCatalog:
        file = self._settings.images_file
        default = Image(match="*", path=default_image_path())
        return ImageCatalog(images=read_images(file) if file else (), default=default)

    def _end_reaper(self) -> None:
        if self._reaper.stdin:
            self._reaper.stdin.close()
        try:
            self._reaper.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._reaper.kill()


def _reachable(host: str) -> str:
    """An address at which jobs on this machine reach a server bound to ``host``."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # compared, not bound
