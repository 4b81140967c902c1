"""The WSGI application: MWAA's operations by method and path, each request checked against botocore's service model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from moto.core.models import DEFAULT_ACCOUNT_ID

from localaws import errors
from localaws.mwaa.airflow import invoke
from localaws.mwaa.environments import Environments
from localaws.mwaa.errors import MwaaError, validation
from localaws.sagemaker.validation import violations

SIGNING_NAME = "airflow"
DOCUMENTS = ("QueryParameters", "Body")  # Airflow's own, of any form


def mwaa_app(environments: Environments) -> Flask:
    """The operations of MWAA that are here; all others are refused by name."""
    app = Flask("mwaa")
    app.register_error_handler(MwaaError, _told)
    app.register_error_handler(Exception, lambda error: errors.answer_for(request, error))

    @app.put("/environments/<name>")
    def create_environment(name: str) -> ResponseReturnValue:
        given = _checked("CreateEnvironment", name)
        environments.create(name, _arn(name), given)
        return jsonify(Arn=_arn(name))

    @app.get("/environments")
    def list_environments() -> ResponseReturnValue:
        return jsonify(Environments=environments.names())

    @app.get("/environments/<name>")
    def get_environment(name: str) -> ResponseReturnValue:
        return jsonify(Environment=_wire(environments.describe(name)))

    @app.patch("/environments/<name>")
    def update_environment(name: str) -> ResponseReturnValue:
        return jsonify(Arn=environments.update(name, _checked("UpdateEnvironment", name)))

    @app.delete("/environments/<name>")
    def delete_environment(name: str) -> ResponseReturnValue:
        environments.delete(name)
        return jsonify({})

    @app.post("/restapi/<name>")
    def invoke_rest_api(name: str) -> ResponseReturnValue:
        airflow = environments.airflow(name)
        return jsonify(invoke(airflow, _checked("InvokeRestApi", name)))

    return app


def _checked(operation: str, name: str) -> dict[str, Any]:
    """The request's body, if MWAA would take it."""
    given: dict[str, Any] = request.get_json(force=True, silent=True) or {}
    shape = service_model().operation_model(operation).input_shape
    report = ParamValidator().validate({"Name": name, **given}, shape)
    plain = {member: value for member, value in given.items() if member not in DOCUMENTS}
    problems = (
        [report.generate_report()] if report.has_errors() else list(violations({"Name": name, **plain}, shape, ""))
    )
    if problems:
        raise validation("; ".join(problems))
    return given


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """MWAA's model, as boto3 has it."""
    return ServiceModel(Loader().load_service_model("mwaa", "service-2"), "mwaa")


def _arn(name: str) -> str:
    region = request.headers.get("Authorization", "").partition("Credential=")[2].split("/")[2:3]
    return f"arn:aws:airflow:{''.join(region)}:{DEFAULT_ACCOUNT_ID}:environment/{name}"


def _wire(value: Any) -> Any:
    """Times are seconds in this protocol."""
    if isinstance(value, Mapping):
        return {name: _wire(member) for name, member in value.items()}
    return value.timestamp() if isinstance(value, datetime) else value


def _told(error: MwaaError) -> Response:
    answer = jsonify({"message": error.message, **error.members})
    answer.status_code = error.status
    answer.headers["X-Amzn-ErrorType"] = error.code
    return answer
