"""The proof: Airflow in the environment runs what was sent, on a worker, in the triggerer and in the DAG processor."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mwaa.bundle import CATALOG, Bundle
from mwaa.environments import Say
from mwaa.errors import DeployError
from mwaa.rest_api import CONFLICT, RestApi

DAG_ID = "perennial_smoke"
APPEAR_S = 15 * 60.0  # MWAA synchronises the DAG folder every half minute, and parses it then
RUN_S = 30 * 60.0
ENDED = ("success", "failed")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was seen: the run, when it ended, and the DAGs that have been parsed since."""

    run_id: str
    ended: dt.datetime
    dags: tuple[str, ...]


class SmokeTest:
    """Asks an environment for the proof."""

    def __init__(
        self,
        api: RestApi,
        *,
        poll_s: float = 5.0,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api, self._poll_s, self._clock, self._sleep = api, poll_s, clock, sleep

    def prove(self, bundle: Bundle, say: Say) -> Proof:
        """Run the smoke test's DAG with the bundle's digests, then wait until every DAG file has been parsed after it.

        Raises:
            DeployError: the run failed, a DAG file cannot be imported, or something took too long.
        """
        self._until(lambda: self._api.ask("GET", f"/dags/{DAG_ID}"), APPEAR_S, f"the DAG {DAG_ID} to appear")
        # With its path, no longer than MWAA takes.
        run_id = f"deploy_{bundle.digest[:6]}_{self._clock():%y%m%dT%H%M%S%f}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(bundle.stamps)}
        # A request whose answer was lost is sent again: the run may be there already.
        self._api.ask("POST", f"/dags/{DAG_ID}/dagRuns", body=body, fine=CONFLICT)
        say(f"  triggered {DAG_ID}, run {run_id}")
        run = self._until(lambda: self._ended(run_id), RUN_S, f"the run {run_id} to end")
        if run["state"] != "success":
            raise DeployError(
                f"the smoke test failed: run {run_id} of {DAG_ID}; the log of its task `prove` says what is missing"
            )
        ended = _time(run["end_date"])
        dags = self._until(lambda: self._parsed(bundle.dag_files, ended), APPEAR_S, "every DAG file to be parsed again")
        return Proof(run_id=run_id, ended=ended, dags=dags)

    def _ended(self, run_id: str) -> Any:
        run = self._api.ask("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}")
        return run if run and run["state"] in ENDED else None

    def _parsed(self, files: Sequence[str], since: dt.datetime) -> tuple[str, ...]:
        """The DAGs of these files, once all of them were parsed after `since`; nothing before that."""
        errors = {_name(each["filename"]): each for each in self._api.listed("/importErrors", "import_errors")}
        ours = (CATALOG, *files)
        broken = [f"{name}: {_reason(errors[name])}" for name in ours if _is_after(errors.get(name), since)]
        if broken:
            raise DeployError("Airflow cannot import\n  " + "\n  ".join(broken))
        fresh = [each for each in self._api.listed("/dags", "dags") if _time(each["last_parsed_time"]) > since]
        if not set(files) <= {_name(each["fileloc"]) for each in fresh}:
            return ()
        return tuple(sorted(each["dag_id"] for each in fresh if _name(each["fileloc"]) in files))

    def _until(self, look: Callable[[], Any], patience_s: float, what: str) -> Any:
        deadline = self._clock() + dt.timedelta(seconds=patience_s)
        while not (found := look()):
            if self._clock() > deadline:
                raise DeployError(f"waited {patience_s / 60:.0f} minutes for {what}; look at Airflow's UI")
            self._sleep(self._poll_s)
        return found


def _is_after(error: Mapping[str, Any] | None, since: dt.datetime) -> bool:
    return error is not None and _time(error["timestamp"]) > since


def _reason(error: Mapping[str, Any]) -> str:
    return str(error["stack_trace"]).strip().rpartition("\n")[2]


def _name(file: str) -> str:
    return PurePosixPath(file).name


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
