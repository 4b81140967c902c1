"""Admin routes: ``/_localaws/…``, what AWS does by itself or not at all, and tests need on request."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from localaws.faults.ledger import Ledger
from localaws.faults.routes import add_fault_routes, add_ledger_routes
from localaws.mwaa.environments import Environments
from localaws.mwaa.routes import add_mwaa_routes
from localaws.pages import add_pages
from localaws.sagemaker.backend import all_backends
from localaws.sagemaker.records import TRAINING, JobRecord
from localaws.sagemaker.runtime import Runtime
from localaws.sagemaker.training import is_spot

PREFIX = "/_localaws"


def admin_app(
    runtime: Runtime, ledger: Ledger, environments: Environments, unsaved: Callable[[], str | None] = lambda: None
) -> Flask:
    """The admin routes of one server. `unsaved` tells why the state could not be saved; None when it could."""
    app = Flask("localaws")
    add_pages(app, prefix=PREFIX)
    add_fault_routes(app, runtime.switches, prefix=PREFIX)
    add_ledger_routes(app, ledger, prefix=PREFIX)
    add_mwaa_routes(app, environments, prefix=PREFIX)

    @app.get(f"{PREFIX}/health")
    def health() -> ResponseReturnValue:
        machine = runtime.machine
        return jsonify(
            status="ok",
            endpoint=machine.endpoint,
            isolation=machine.isolation.name,
            parallel_jobs=machine.isolation.parallel,
            running_jobs=runtime.running(),
            # no reason to start it anew: what is not on disk is lost then
            state=unsaved() or "saved",
        )

    @app.post(f"{PREFIX}/sagemaker/training-jobs/<name>/interrupt")
    def interrupt(name: str) -> ResponseReturnValue:
        """Take a spot job's instance away; ``outage_seconds`` is how long no other one is to be had."""
        outage_s = request.args.get("outage_seconds", 0.0, type=float)
        record = _find(name)
        if record is None:
            return jsonify(error=f"there is no training job named {name!r}"), 404
        if not is_spot(record.request):
            return jsonify(error=f"{name!r} does not run on spot capacity; set EnableManagedSpotTraining"), 409
        control = runtime.control(record.arn)
        if control is None or record.state.secondary_status != "Training":
            return jsonify(error=f"{name!r} is not training, it is {record.state.secondary_status}"), 409
        control.interrupt(outage_s=outage_s)
        return jsonify(interrupted=record.arn), 202

    return app


def _find(name: str) -> JobRecord | None:
    found = (backend.jobs(TRAINING).get(name) for backend in all_backends())
    return next((record for record in found if record is not None), None)
