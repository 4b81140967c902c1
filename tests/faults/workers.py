"""The processes of an executor that carry out tasks, told by the titles that Airflow gives them."""

from __future__ import annotations

import contextlib

import psutil

from laptop import processes

# In the title of an executor's worker that has nothing to do.
_IDLE = "LocalExecutor: <idle>"


def at_work(token: str) -> list[psutil.Process]:
    """Those that carry out a task now: its runner and, as its parent and before it, the worker that supervises it.

    Args:
        token: what all processes of the system carry in their environment.
    """
    found = [process for process in processes.carrying(token) if _is_task_runner(process)]
    return [each for runner in found for each in (runner.parent(), runner) if each is not None]


def runner(token: str, attempt: str) -> psutil.Process:
    """The one that carries out the try of that id: other tasks may be at work beside it."""
    carrying = processes.carrying(token)
    [found] = [process for process in carrying if _is_task_runner(process) and attempt in _title(process)]
    return found


def idle(token: str) -> list[psutil.Process]:
    """Those that wait for work."""
    return [each for each in processes.carrying(token) if _IDLE in _title(each)]


def has_ended(process: psutil.Process) -> bool:
    """Whether it does nothing any more. On Airflow 3.2, a worker that failed itself does not bury its task."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def _is_task_runner(process: psutil.Process) -> bool:
    """Its supervisor, a worker, has another title."""
    title = _title(process)
    return title.startswith("airflow worker -- ") and "LocalExecutor" not in title


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
