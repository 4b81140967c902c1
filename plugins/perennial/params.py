"""What a person may override for one run: forms with types, limits and help, and the spec with an override applied.

Each schema is made from the model's spec, so the trigger form refuses a bad value before anything starts. What came
with an event has met no form: when the run is resolved, before its first job, all is held to the same schema once more.

Of a hyper-parameter the schema knows name, type and the spec's `limits`. What else scikit-learn takes, it alone knows,
and it is in no image of Airflow: the training job refuses the rest, after the preprocessing job.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import Param

from include.specs.errors import SpecError, require
from include.specs.job import EVALUATE, PREPROCESS, TRAIN
from include.specs.limits import Limits
from include.specs.metrics import METRICS
from include.specs.model import ModelSpec, Value

Schema = dict[str, Any]
# Null is what an empty field of the form is; without it, the form demands a value.
_TEXT: Schema = {"type": ["null", "string"], "maxLength": 200}
_DATE: Schema = {"type": ["null", "string"], "format": "date"}
_STEPS = tuple(step.name for step in (PREPROCESS, TRAIN, EVALUATE))
_GROUPS = ("thresholds", "hyperparameters", "instance_types")


def ingestion_params(spec: ModelSpec) -> dict[str, Param]:
    """The form of `<model>_ingestion`."""
    return {
        "date": Param(
            None,
            **_DATE,
            title="Date",
            description="The day to ingest. Empty: the day that the data interval begins on.",
        ),
        "training": Param(
            {},
            **override_schema(spec),
            title="Overrides for the training",
            description="Params for the training that this ingestion asks for, as in the form of the training DAG.",
        ),
    }


def training_params(spec: ModelSpec) -> dict[str, Param]:
    """The form of `<model>_training`."""
    empty: dict[str, Any] = {"reason": None, "start": None, "end": None}
    properties = override_schema(spec)["properties"]
    return {name: Param(empty.get(name, {}), **schema) for name, schema in properties.items()}


def day_params(about: str) -> dict[str, Param]:
    """The form of a flow that looks at a day: which one. `about` says what of it, in a sentence."""
    help_text = f"{about} One that is over, late files included. Empty: the day that the data interval begins on."
    return {"date": Param(None, **_DATE, title="Date", description=help_text)}


def override_schema(spec: ModelSpec) -> Schema:
    """JSON schema of everything that a run may override."""
    return _object(
        {
            "reason": _TEXT | {"title": "Reason", "description": "Why this run; kept with the version."},
            "start": _DATE | {"title": "From", "description": "First day of the data. Empty: as the spec says."},
            "end": _DATE
            | {"title": "To before", "description": "Day after the last day of the data. Empty: all there is."},
            "thresholds": _thresholds(spec),
            "hyperparameters": _hyperparameters(spec),
            "instance_types": _instance_types(),
        }
    )


def merge_overrides(requests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What several requests override together in the one run that serves them all; their reasons aside.

    >>> merge_overrides([{"thresholds": {"roc_auc": 0.9}}, {}, {"thresholds": {"pr_auc": 0.6}, "end": "2026-03-01"}])
    {'thresholds': {'roc_auc': 0.9, 'pr_auc': 0.6}, 'end': '2026-03-01'}

    Raises:
        SpecError: two of them give one value differently, or one is not of the form's shape.
    """
    merged: dict[str, Any] = {}
    for request in requests:
        _merge(merged, _given(request), at="params")
    return merged


def apply_overrides(spec: ModelSpec, overrides: Mapping[str, Any]) -> ModelSpec:
    """The spec as it is for one run.

    Raises:
        SpecError: an override that the form does not take, or that the spec cannot have.
    """
    given = _given(overrides)
    _require_form(override_schema(spec), given)
    own = spec.estimator.hyperparameters
    asked = {name: _typed(value, own[name]) for name, value in given.get("hyperparameters", {}).items()}
    return dataclasses.replace(
        spec,
        gate=dataclasses.replace(spec.gate, thresholds={**spec.gate.thresholds, **given.get("thresholds", {})}),
        estimator=dataclasses.replace(spec.estimator, hyperparameters={**own, **asked}),
        step_resources={**spec.step_resources, **_resources(spec, given.get("instance_types", {}))},
    )


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    _require_object("params", request)
    # An empty field of the form overrides nothing; a null inside a group is a value.
    given = {name: value for name, value in request.items() if name != "reason" and value not in (None, "", {})}
    for name in _GROUPS:
        _require_object(f"params.{name}", given.get(name, {}))
    return given


def _require_object(field: str, value: object) -> None:
    require(isinstance(value, Mapping), field, "be an object of names and values", value)


def _require_form(schema: Schema, given: Mapping[str, Any]) -> None:
    # As late as Airflow's own params load it.
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415  # to parse a DAG file is to check none
    from jsonschema.exceptions import best_match  # noqa: PLC0415  # as above

    wrong = best_match(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(dict(given)))
    if wrong is not None:
        field = ".".join(["params", *map(str, wrong.absolute_path)])
        raise SpecError(field, f"be as the trigger form takes it ({wrong.message})", wrong.instance)


def _typed(value: Value, like: Value) -> Value:
    # JSON has one kind of number: 70.0 passes for a whole one, and scikit-learn would not take it for that.
    return int(value) if isinstance(like, int) and isinstance(value, float) else value


def _merge(into: dict[str, Any], more: Mapping[str, Any], *, at: str) -> None:
    for name, value in more.items():
        field = f"{at}.{name}"
        if isinstance(value, Mapping):
            _merge(into.setdefault(name, {}), value, at=field)
            continue
        before = into.setdefault(name, value)
        expected = "be the same in all requests that a run serves (start a run by hand for each)"
        require(before == value, field, expected, (before, value))


def _resources(spec: ModelSpec, instance_types: Mapping[str, str]) -> dict[str, Any]:
    return {
        step: dataclasses.replace(spec.resources(step), instance_type=instance_type)
        for step, instance_type in instance_types.items()
    }


def _object(properties: Mapping[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


def _thresholds(spec: ModelSpec) -> Schema:
    limits = {
        name: {"type": "number", "minimum": metric.low} | ({} if metric.high is None else {"maximum": metric.high})
        for name, metric in METRICS.items()
    }
    help_text = f"The gate's thresholds, over those of the spec: {_listed(spec.gate.thresholds)}."
    return _object(limits, title="Thresholds", description=help_text)


def _hyperparameters(spec: ModelSpec) -> Schema:
    names = spec.estimator.hyperparameters
    help_text = f"Over those of the spec: {_listed(names)}."
    kinds = {name: _hyperparameter(value, spec.estimator.limits.get(name)) for name, value in names.items()}
    return _object(kinds, title="Hyper-parameters", description=help_text)


def _hyperparameter(value: Value, limits: Limits | None) -> Schema:
    if limits is None:
        return {"type": _json_types(value)}
    ends = {"minimum": limits.minimum, "maximum": limits.maximum}
    # Nothing at all, which means "without a limit" to much of scikit-learn, is not between two numbers.
    kind = "integer" if isinstance(value, int) else "number"
    return {"type": kind, **{name: end for name, end in ends.items() if end is not None}}


def _instance_types() -> Schema:
    each = {"type": "string", "pattern": r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"}
    help_text = "Step → SageMaker instance type, for example ml.m5.xlarge."
    return _object(dict.fromkeys(_STEPS, each), title="Instance types", description=help_text)


def _json_types(value: object) -> list[str]:
    if isinstance(value, bool):
        return ["boolean"]
    if isinstance(value, int):
        return ["integer", "null"]
    if isinstance(value, float):
        return ["number", "null"]
    return ["string", "number", "null"]


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items()) or "none"
