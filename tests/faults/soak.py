"""Many trainings while processes are killed at random, and the counts that must come out: ``make soak``.

Every few seconds a worker, the scheduler or the triggerer is killed with SIGKILL, or the connection to localaws is cut.
After every other start of the scheduler or so, tasks wait for their jobs in their workers and not in the triggerer.
What must hold at the end: jobs started = runs × steps, one version for each run whose gate said register, one message a
run, no job that runs on, no run lost.

A cut is set for the next requests to a service, and counts as a fault where one of them met it. A worker counts where a
task was at work, be it at its end or its beginning.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpx
from perennial.hooks.jobs import Jobs
from perennial.outcomes import reason
from perennial.registry import allowed
from rich.console import Console
from rich.table import Table

from include.specs import reports
from include.specs.reports import GateReport
from laptop import processes
from laptop.airflow_api import Run
from laptop.settings import TOPIC_PREFIX
from tests.faults.real_airflow import RealAirflow, real_airflow, until
from tests.shared.inbox import Inbox, inbox

STEPS = ("preprocess", "train", "evaluate")
# Seconds between two faults, at least and at most.
PAUSE_S = (2.0, 6.0)
CUT, HOLDING = "connection", "scheduler (slots held from then on)"
# How often each fault is chosen, next to the others.
WEIGHTS = {"worker": 5, CUT: 3, "triggerer": 2, "scheduler": 1, HOLDING: 1}
SAY_EVERY_S = 15.0
# So few runs are left to themselves: with one task at work, every kill would hit that task, and none of its tries end.
LAST = 3


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Cut connections: how often one was set, how many of those were met, and by how many requests."""

    set: int
    met: int
    requests: int


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What came out.

    Args:
        faults: what was killed or cut, how often. jobs: started, by step. states: of the runs.
        passed: runs whose gate said register. registered: versions, by the run that they name.
        told: messages, by the run that they tell of, and by their deduplication id.
    """

    runs: int
    faults: Mapping[str, int]
    cuts: Cuts
    states: Mapping[str, int]
    jobs: Mapping[str, int]
    ended_badly: int
    running: int
    passed: frozenset[str]
    registered: Mapping[str, int]
    told: Mapping[str, Mapping[str, int]]

    @property
    def messages(self) -> int:
        """How many came, those that came again included."""
        return sum(sum(ids.values()) for ids in self.told.values())

    @property
    def sent_again(self) -> int:
        """Messages whose sender heard no answer, or was killed before it noted one; a FIFO topic drops them."""
        return self.messages - sum(map(len, self.told.values()))

    def rules(self) -> list[tuple[str, object, object]]:
        """What is claimed: in words, as observed, as required."""
        return [
            *((f"{step} jobs started", self.jobs.get(step, 0), self.runs) for step in STEPS),
            ("jobs failed or stopped", self.ended_badly, 0),
            ("jobs that run on", self.running, 0),
            ("runs that ended well", self.states.get("success", 0), self.runs),
            ("runs that registered", len(self.registered), len(self.passed)),
            ("versions registered", sum(self.registered.values()), len(self.passed)),
            ("versions of a run whose gate was closed", len(set(self.registered) - self.passed), 0),
            ("runs that were told of", len(self.told), self.runs),
            ("messages, each counted once", sum(map(len, self.told.values())), self.runs),
        ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it and print the counts; exit code 1 where one is not what it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of what is killed, and when")
    parser.add_argument("--minutes", type=float, default=120, help="after which it is given up")
    given = parser.parse_args(argv)
    console = Console()
    with real_airflow() as system:
        system.ingest("small")
        counts = _soak(system, given.runs, random.Random(given.seed), given.minutes * 60, console)  # noqa: S311 no secret
        for name, status in system.jobs("small").items():
            if status in ("Failed", "Stopped"):
                console.print(f"{name} {status}: {_why(system, name)}", soft_wrap=True)
    return _report(console, counts)


def _why(system: RealAirflow, name: str) -> str:
    """What SageMaker says of a job that ended badly, while there is a system to ask."""
    kind = "training" if "-train-" in name else "processing"
    jobs = Jobs(kind, sagemaker=system.client("sagemaker"), logs=system.client("logs"))
    return " | ".join([reason(jobs.describe(name) or {}), *jobs.last_log_lines(name)])


def _soak(system: RealAirflow, number: int, chance: random.Random, seconds: float, console: Console) -> Counts:
    heard = inbox(system.client, [f"{TOPIC_PREFIX}small"], queue="soak")
    runs = [system.train("small") for _ in range(number)]
    began, faults = time.monotonic(), Counter[str]()
    said_s = 0.0
    while time.monotonic() - began < seconds and not 0 <= (left := _unfinished(system)) <= LAST:
        time.sleep(chance.uniform(*PAUSE_S))
        [chosen] = chance.choices([*WEIGHTS], [*WEIGHTS.values()])
        faults[chosen] += _FAULTS[chosen](system, chance)
        if left > 0 and time.monotonic() - began - said_s > SAY_EVERY_S:
            said_s = time.monotonic() - began
            console.print(f"{said_s:6.0f} s  {number - left} of {number} runs ended, {faults.total()} faults")
    cuts = _cuts(system)
    system.switch_off()
    system.start_the_dead()
    # What has not ended by then is counted as what it is.
    with contextlib.suppress(AssertionError):
        until(lambda: _unfinished(system) == 0, of="the last runs")
    return _counted(system, runs, {**faults, CUT: cuts.met}, cuts, heard)


def _cuts(system: RealAirflow) -> Cuts:
    """What has become of those that were set; they are forgotten when they are switched off."""
    answer = httpx.get(f"{system.addresses.aws}/_localaws/faults", trust_env=False)
    hits = [fault["hits"] for fault in answer.json()["faults"]]
    return Cuts(set=len(hits), met=sum(map(bool, hits)), requests=sum(hits))


def told(envelopes: Iterable[str]) -> dict[str, Counter[str]]:
    """How often each message came, as SNS wraps it: run → deduplication id → times."""
    found: dict[str, Counter[str]] = {}
    for envelope in envelopes:
        message = json.loads(envelope)
        run_id = json.loads(message["Message"])["run_id"]
        found.setdefault(run_id, Counter())[message["MessageAttributes"]["deduplication_id"]["Value"]] += 1
    return found


def _unfinished(system: RealAirflow) -> int:
    """How many runs there are still; -1 where the API server does not answer."""
    try:
        found = [system.runs("small_training", state=state) for state in ("queued", "running")]
    except Exception:  # noqa: BLE001 whatever it is: the loop asks again
        return -1
    return sum(map(len, found))


def _kill_worker(system: RealAirflow, chance: random.Random) -> int:
    """One task's runner, its supervisor, or both."""
    found = system.workers()
    if not found:
        return 0
    processes.kill(chance.sample(found, k=chance.choice((1, min(2, len(found))))))
    return 1


def _cut_connection(system: RealAirflow, chance: random.Random) -> int:
    """The next few requests to one service meet a closed door, or lose their answer."""
    service = chance.choice(("sagemaker", "s3", "sns"))
    system.switch_on(chance.choice(("refused", "lost_reply")), service=service, times=chance.randint(1, 12))
    return 1


def _restart(name: str, **options: str) -> Callable[[RealAirflow, random.Random], int]:
    def restart(system: RealAirflow, _: random.Random) -> int:
        system.restart(name, **options)
        return 1

    return restart


_FAULTS: Mapping[str, Callable[[RealAirflow, random.Random], int]] = {
    "worker": _kill_worker,
    CUT: _cut_connection,
    "triggerer": _restart("triggerer"),
    "scheduler": _restart("scheduler"),
    HOLDING: _restart("scheduler", PERENNIAL__DEFERRABLE="false"),
}


def _counted(system: RealAirflow, runs: Sequence[Run], faults: Mapping[str, int], cuts: Cuts, heard: Inbox) -> Counts:
    jobs = {name: status for name, status in system.jobs("small").items() if "-ingest-" not in name}
    named = [version["CustomerMetadataProperties"]["airflow_run_id"] for version in system.versions("small")]
    return Counts(
        runs=len(runs),
        faults=faults,
        cuts=cuts,
        states=Counter(run["state"] for run in system.runs("small_training")),
        jobs=Counter(name.split("-")[1] for name in jobs),
        ended_badly=sum(status in ("Failed", "Stopped") for status in jobs.values()),
        running=sum(status in ("InProgress", "Stopping") for status in jobs.values()),
        passed=frozenset(_as_metadata(run.run_id) for run in runs if _passed(system, run)),
        registered=Counter(named),
        told=told(heard.take()),
    )


def _passed(system: RealAirflow, run: Run) -> bool:
    try:
        return system.read(GateReport, run, reports.GATE).verdict == "register"
    except system.client("s3").exceptions.NoSuchKey:
        return False


def _as_metadata(run_id: str) -> str:
    """A run's id as a version's metadata has it."""
    return allowed(run_id)


def _report(console: Console, counts: Counts) -> int:
    told = ", ".join(f"{number} of {name}" for name, number in sorted(counts.faults.items()))
    table = Table(title=f"{counts.runs} trainings through {sum(counts.faults.values())} faults: {told}")
    for name, justify in (("count", "left"), ("observed", "right"), ("required", "right"), ("held", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]  # literals
    rules = counts.rules()
    for words, observed, required in rules:
        table.add_row(words, str(observed), str(required), "yes" if observed == required else "NO")
    console.print(table)
    cuts = counts.cuts
    console.print(f"connections: {cuts.set} cuts set, {cuts.met} met, by {cuts.requests} requests")
    console.print(f"messages: {counts.messages} came, {counts.sent_again} of them again with their deduplication id")
    return 0 if all(observed == required for _, observed, required in rules) else 1


if __name__ == "__main__":
    sys.exit(main())
