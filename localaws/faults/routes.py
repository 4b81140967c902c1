"""The admin routes of the faults and of the ledger."""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from localaws.faults.fault import FaultError, fault_from
from localaws.faults.ledger import FIELDS, Ledger
from localaws.faults.switches import Switches


def add_fault_routes(app: Flask, switches: Switches, *, prefix: str) -> None:
    """Add the routes that switch faults on and off."""

    @app.post(f"{prefix}/faults")
    def add_fault() -> ResponseReturnValue:
        try:
            return jsonify(switches.add(fault_from(request.get_json(force=True, silent=True)))), 201
        except FaultError as error:
            return jsonify(error=str(error)), 400

    @app.get(f"{prefix}/faults")
    def faults() -> ResponseReturnValue:
        return jsonify(faults=switches.described())

    @app.delete(f"{prefix}/faults")
    def remove_faults() -> ResponseReturnValue:
        switches.clear()
        return "", 204

    @app.delete(f"{prefix}/faults/<id_>")
    def remove_fault(id_: str) -> ResponseReturnValue:
        if not switches.remove(id_):
            return jsonify(error=f"there is no fault {id_!r}"), 404
        return "", 204


def add_ledger_routes(app: Flask, ledger: Ledger, *, prefix: str) -> None:
    """Add the routes that show and clear the ledger."""

    @app.get(f"{prefix}/calls")
    def calls() -> ResponseReturnValue:
        """The requests whose fields are as the query says."""
        if unknown := sorted(set(request.args) - set(FIELDS)):
            return jsonify(error=f"{unknown[0]}: expected one of {', '.join(FIELDS)}"), 400
        return jsonify(calls=ledger.entries(request.args))

    @app.delete(f"{prefix}/calls")
    def forget_calls() -> ResponseReturnValue:
        ledger.clear()
        return "", 204
