"""The admin route of the stand-in: which Airflow an environment is, and how its next update goes."""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from localaws.mwaa.environments import UPDATE_S, Airflow, Environments
from localaws.mwaa.errors import MwaaError

FIELDS = {"url", "username", "password", "update_seconds", "update_failure"}


def add_mwaa_routes(app: Flask, environments: Environments, *, prefix: str) -> None:
    """Add it below `prefix`."""

    @app.put(f"{prefix}/mwaa/environments/<name>")
    def stand_for(name: str) -> ResponseReturnValue:
        """Take what is given; what is not given is as it was at first."""
        given = request.get_json(force=True, silent=True)
        if not isinstance(given, dict) or set(given) - FIELDS:
            return jsonify(error=f"expected a JSON object with any of {sorted(FIELDS)}, got {given!r}"), 400
        who = {field: str(given[field]) for field in ("url", "username", "password") if field in given}
        try:
            environments.stand_for(
                name,
                airflow=Airflow(**who) if "url" in who else None,
                update_s=float(given.get("update_seconds", UPDATE_S)),
                failure=str(given.get("update_failure", "")),
            )
        except MwaaError as error:
            return jsonify(error=error.message), error.status
        return jsonify(environments.names())
