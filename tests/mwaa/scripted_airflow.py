"""An Airflow's REST API as far as a smoke test asks it: runs end as they are told, DAG files have been parsed since."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from mwaa.bundle import CATALOG

# As the DAG processor meets them, in the checkout that a bundle is made of; one of them holds no DAG.
FILES = tuple(sorted({file.name for file in (Path(__file__).parents[2] / "dags").glob("*.py")} - {CATALOG}))
RUN = re.compile(r"/api/v2/dags/perennial_smoke/dagRuns/(?P<run>[\w:+-]+)")


@dataclass
class Script:
    """What this Airflow does, and what it was asked for."""

    url: str = ""
    ends: str = "success"
    broken: dict[str, str] = field(default_factory=dict)
    looks_until_known: int = 0
    looks_until_ended: int = 1
    runs: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        """The answer to a request."""
        answers = {
            "/auth/token": lambda: (201, {"access_token": "token"}),
            "/api/v2/dags/perennial_smoke": self._smoke,
            "/api/v2/dags/perennial_smoke/dagRuns": lambda: self._triggered(body),
            "/api/v2/importErrors": lambda: (200, self._errors()),
            "/api/v2/dags": lambda: (200, _listed("dags", [_dag(name) for name in FILES])),
        }
        missing = (404, {"detail": f"{path} is not in the script"})
        return (200, self._run()) if RUN.fullmatch(path) else answers.get(path, lambda: missing)()

    def _smoke(self) -> tuple[int, Any]:
        self.looks_until_known -= 1
        return (404, {"detail": "not found"}) if self.looks_until_known >= 0 else (200, {"dag_id": "perennial_smoke"})

    def _triggered(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["dag_run_id"] in [run["dag_run_id"] for run in self.runs]:
            return 409, {"detail": "already exists"}
        self.runs.append(body)
        return 200, body

    def _errors(self) -> Any:
        return _listed(
            "import_errors",
            [
                {"filename": f"/dags/{name}", "timestamp": soon(), "stack_trace": f"Traceback\n{why}"}
                for name, why in self.broken.items()
            ],
        )

    def _run(self) -> dict[str, Any]:
        self.looks_until_ended -= 1
        if self.looks_until_ended >= 0:
            return {"state": "running", "end_date": None}
        return {"state": self.ends, "end_date": dt.datetime.now(dt.UTC).isoformat()}


def soon() -> str:
    """After everything that has happened yet."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)).isoformat()


def _dag(name: str) -> dict[str, str]:
    return {"dag_id": name, "fileloc": f"/usr/local/airflow/dags/{name}", "last_parsed_time": soon()}


def _listed(member: str, entries: list[dict[str, str]]) -> dict[str, Any]:
    return {member: entries, "total_entries": len(entries)}


@contextmanager
def serving(script: Script) -> Iterator[Script]:
    """The script behind a port of this machine; its `url` says which."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            status, members = script.answer(self.path.partition("?")[0], body)
            content = json.dumps(members).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
