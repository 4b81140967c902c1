"""Process trees: real processes, told what they see, asked to end, and none of them left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localaws.jobs.process_tree import ProcessTree
from tests.shared.localaws_process import until

ENVIRONMENT = {"PATH": os.defpath, "GREETING": "a=b\nc"}
# What no search finds: another environment, another session, and a parent that has ended.
ESCAPED = ": > {pids}; env -i setsid sh -c 'echo $$ >> {pids}; setsid sleep 600 & echo $! >> {pids}; wait' &\n"
BOTH_TOLD = 'until [ "$(wc -l < {pids})" = 2 ]; do sleep 0.02; done\n'


@contextmanager
def running(script: str, folder: Path, **names: Path) -> Iterator[ProcessTree]:
    """A shell script's tree, its output in ``folder/output``; killed at the end."""
    with (folder / "output").open("wb") as output:
        command = ("/bin/sh", "-c", script.format(**names) if names else script)
        tree = ProcessTree(command, ENVIRONMENT, output=output.fileno())
    try:
        yield tree
    finally:
        tree.end()


def said(folder: Path) -> list[str]:
    return (folder / "output").read_text().splitlines()


def alive(pids: Path) -> list[int]:
    return [int(pid) for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -9 0", 137), ("kill -15 $$", 143)]
)
def test_the_exit_code_is_dockers(tmp_path: Path, script: str, code: int) -> None:
    """The command's own, or 128 and the signal; a job that kills its process group kills nobody else."""
    with running(script, tmp_path) as tree:
        assert tree.wait() == code


def test_a_command_sees_its_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    """Its variables are those that were given, whatever they hold; it has no input, and the usual signals."""
    with running("printf '%s\\n' \"$GREETING\"; env | grep -c LOCALAWS; cat; yes | head -1; exit 0", tmp_path) as tree:
        assert tree.wait() == 0
    assert said(tmp_path) == ["a=b", "c", "0", "y"]


def test_an_environment_larger_than_a_pipe_arrives(tmp_path: Path) -> None:
    """Half a megabyte of variables is there."""
    many = ENVIRONMENT | {f"V{number}": "x" * 50_000 for number in range(10)}
    with (tmp_path / "output").open("wb") as output:
        tree = ProcessTree(("/bin/sh", "-c", 'echo "${#V9}"'), many, output=output.fileno())
    assert tree.wait() == 0
    assert said(tmp_path) == ["50000"]


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    """Exit code 125, as docker's, and the reason in the output."""
    with (tmp_path / "output").open("wb") as output:
        tree = ProcessTree(("/nowhere/at/all",), ENVIRONMENT, output=output.fileno())
    assert tree.wait() == 125
    assert "/nowhere/at/all" in said(tmp_path)[0]


def test_a_processs_end_is_the_end_of_all(tmp_path: Path) -> None:
    """Children with an environment and a session of their own, and without a parent, end with the command."""
    pids = tmp_path / "pids"
    with running(ESCAPED + BOTH_TOLD + "echo done", tmp_path, pids=pids) as tree:
        assert tree.wait() == 0
        assert alive(pids) == []
    assert said(tmp_path) == ["done"]


def _kill(tree: ProcessTree) -> None:
    tree.kill()


def _end(tree: ProcessTree) -> None:
    tree.end()


@pytest.mark.parametrize("end", [_kill, _end])
def test_a_killed_tree_has_no_process_left(tmp_path: Path, end: Callable[[ProcessTree], None]) -> None:
    """SIGKILL reaches all of them, also those that ignore SIGTERM and are beyond the process group."""
    pids = tmp_path / "pids"
    script = "trap '' TERM\n" + ESCAPED + BOTH_TOLD + "echo ready; sleep 600"
    with running(script, tmp_path, pids=pids) as tree:
        until(lambda: said(tmp_path) == ["ready"], what="the script to be ready")
        assert len(alive(pids)) == 2
        end(tree)
        assert tree.wait() == 137
        assert alive(pids) == []


def test_sigterm_reaches_the_commands_process_group(tmp_path: Path) -> None:
    """The command may say goodbye, and its own exit code counts; a child of its group gets the signal too."""
    child = "(trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.05; done)"
    script = f"trap 'wait; echo bye; exit 4' TERM\n{child}&\nwait"
    with running(script, tmp_path) as tree:
        until(lambda: "ready" in said(tmp_path), what="the script to be ready")
        tree.terminate()
        assert tree.wait() == 4
    assert sorted(set(said(tmp_path)) - {"Terminated"}) == ["bye", "child", "ready"]


def test_a_tree_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """When the process that started it is killed, all of the tree is: its line has closed."""
    pids = tmp_path / "pids"
    script = ESCAPED + BOTH_TOLD + "echo ready; sleep 600"
    if (starter := os.fork()) == 0:
        with running(script, tmp_path, pids=pids) as tree:
            tree.wait()
        os._exit(0)
    until(lambda: (tmp_path / "output").exists() and said(tmp_path) == ["ready"], what="the script to be ready")
    os.kill(starter, signal.SIGKILL)
    os.waitpid(starter, 0)
    until(lambda: not alive(pids), what="the tree to end")
