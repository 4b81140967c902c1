"""What a person may override: the form refuses a bad value, and so does the run, for what came with an event."""

import math
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import BaseSerialization
from perennial.params import (
    apply_overrides,
    ingestion_params,
    merge_overrides,
    override_schema,
    training_params,
)

from include.specs.errors import SpecError
from include.specs.job import STEPS
from include.specs.metrics import METRICS
from include.specs.model import ModelSpec


def _forms(spec: ModelSpec) -> dict[str, Any]:
    return {**training_params(spec), **ingestion_params(spec)}


def test_schemas_are_json_schema(spec: ModelSpec) -> None:
    """Every param's schema is one, and so is that of all overrides."""
    for schema in [override_schema(spec), *(param.schema for param in _forms(spec).values())]:
        jsonschema.Draft202012Validator.check_schema(schema)


def test_schemas_explain_themselves(spec: ModelSpec) -> None:
    """Each field of a form has a title, a type, and a line of help."""
    for name, param in _forms(spec).items():
        assert {"title", "type"} <= set(param.schema), name
        assert param.description, name


def test_defaults_pass_their_own_schema(spec: ModelSpec) -> None:
    """A run that overrides nothing is not refused."""
    for param in _forms(spec).values():
        assert param.resolve() == param.value


def test_defaults_change_nothing(spec: ModelSpec) -> None:
    """The spec with the defaults applied is the spec."""
    assert apply_overrides(spec, {name: param.value for name, param in training_params(spec).items()}) == spec


def test_params_survive_airflows_serialisation(spec: ModelSpec) -> None:
    """What the UI shows is what the DAG file said."""
    for param in _forms(spec).values():
        again = BaseSerialization.deserialize(BaseSerialization.serialize(param))
        assert (again.value, again.schema) == (param.value, param.schema)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("thresholds", {"roc_auc": 1.2}),
        ("thresholds", {"brier": -0.1}),
        ("thresholds", {"roc_auc": "0.9"}),
        ("thresholds", {"rocauc": 0.9}),
        ("thresholds", 0.9),
        ("hyperparameters", {"no_such_parameter": 1}),
        ("hyperparameters", {"max_iter": "many"}),
        ("hyperparameters", {"max_iter": 2.5}),
        ("hyperparameters", {"max_iter": True}),
        ("hyperparameters", {"max_iter": 0}),
        ("hyperparameters", {"max_iter": 1_000_000}),
        ("hyperparameters", {"max_iter": None}),
        ("instance_types", {"train": "m5.large"}),
        ("instance_types", {"deploy": "ml.m5.large"}),
        ("instance_types", {"ingest": "ml.m5.large"}),
        ("start", "1 March 2026"),
        ("end", "2026-02-30"),
        ("reason", "x" * 201),
    ],
)
def test_form_refuses_what_cannot_be_meant(spec: ModelSpec, name: str, value: object) -> None:
    """A value out of range, of another type or of an unknown name is refused before anything starts."""
    with pytest.raises(ParamValidationError):
        training_params(spec)[name].resolve(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("thresholds", {"roc_auc": 0.99, "log_loss": 40.0}),
        ("hyperparameters", {"max_iter": 50}),
        ("instance_types", {"train": "ml.g5.2xlarge", "evaluate": "ml.m5.large"}),
        ("start", "2026-02-28"),
        ("end", None),
        ("reason", "a new campaign"),
    ],
)
def test_form_takes_what_can_be_meant(spec: ModelSpec, name: str, value: object) -> None:
    """A value within its limits is taken as it is."""
    assert training_params(spec)[name].resolve(value) == value


@pytest.mark.parametrize("value", [None, 0, 1_000_000])
def test_without_limits_a_number_has_a_type_alone(spec: ModelSpec, value: object) -> None:
    """What scikit-learn makes of it, and whether nothing at all means "without a limit" to it, its job says."""
    free = replace(spec, estimator=replace(spec.estimator, limits={}))
    assert training_params(free)["hyperparameters"].resolve({"max_iter": value}) == {"max_iter": value}
    assert (
        apply_overrides(free, {"hyperparameters": {"max_iter": value}}).estimator.hyperparameters["max_iter"] == value
    )


def test_whole_number_is_a_number(spec: ModelSpec) -> None:
    """Where the spec has a fraction, 1 will do for 1.0."""
    fractions = [name for name, value in spec.estimator.hyperparameters.items() if isinstance(value, float)]
    assert fractions
    assert training_params(spec)["hyperparameters"].resolve(dict.fromkeys(fractions, 1))


def test_ingestion_form_nests_that_of_training(spec: ModelSpec) -> None:
    """The overrides that an ingestion passes on are held to the same schema."""
    form = ingestion_params(spec)["training"]
    assert form.resolve({"thresholds": {"roc_auc": 0.99}}) == {"thresholds": {"roc_auc": 0.99}}
    with pytest.raises(ParamValidationError):
        form.resolve({"thresholds": {"roc_auc": 99}})


def test_every_metric_and_step_can_be_overridden(spec: ModelSpec) -> None:
    """The form knows each metric that a gate can name and each step of a training: others are other runs'."""
    properties = override_schema(spec)["properties"]
    assert set(properties["thresholds"]["properties"]) == set(METRICS)
    assert set(properties["instance_types"]["properties"]) == set(STEPS) - {"ingest", "drift", "performance"}


def test_overrides_are_merged_into_the_spec(spec: ModelSpec) -> None:
    """What is overridden changes, and what is not keeps the spec's value."""
    changed = apply_overrides(
        spec,
        {
            "thresholds": {"roc_auc": 0.99},
            "hyperparameters": {"max_iter": 7},
            "instance_types": {"train": "ml.m5.4xlarge"},
        },
    )
    assert changed.gate.thresholds == {**spec.gate.thresholds, "roc_auc": 0.99}
    assert changed.estimator.hyperparameters == {**spec.estimator.hyperparameters, "max_iter": 7}
    assert changed.resources("train").instance_type == "ml.m5.4xlarge"
    assert changed.resources("evaluate") == spec.resources("evaluate")
    assert changed.dataset is spec.dataset


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"threshold": {"roc_auc": 0.9}}, "params"),
        ({"thresholds": 0.9}, "params.thresholds"),
        ({"thresholds": {"roc_auc": 1.5}}, "params.thresholds.roc_auc"),
        ({"thresholds": {"roc_auc": None}}, "params.thresholds.roc_auc"),
        ({"thresholds": {"nonsense": 0.5}}, "params.thresholds"),
        ({"hyperparameters": {"nonsense": [1, 2]}}, "params.hyperparameters"),
        ({"hyperparameters": {"max_iter": "many"}}, "params.hyperparameters.max_iter"),
        ({"hyperparameters": {"max_iter": -5}}, "params.hyperparameters.max_iter"),
        ({"instance_types": {"train": "m5.large"}}, "params.instance_types.train"),
        ({"instance_types": {"deploy": "ml.m5.large"}}, "params.instance_types"),
        ({"instance_types": {"ingest": "ml.m5.large"}}, "params.instance_types"),
        ({"end": "2026-02-30"}, "params.end"),
        # JSON schema has no word for what is no number at all: the spec's own checks have.
        ({"thresholds": {"log_loss": math.inf}}, "gate.thresholds.log_loss"),
        ({"hyperparameters": {"max_iter": math.nan}}, "params.hyperparameters.max_iter"),
    ],
)
def test_run_refuses_what_no_form_has_checked(spec: ModelSpec, overrides: dict[str, Any], field: str) -> None:
    """An override that came with an event is held to the form's schema, and the error names the field."""
    with pytest.raises(SpecError) as refused:
        apply_overrides(spec, overrides)
    assert refused.value.field == field


def test_refusal_says_what_is_taken(churn: ModelSpec) -> None:
    """And what came."""
    wanted = r"as the trigger form takes it \(-5 is less than the minimum of 0\.001\), got -5"
    with pytest.raises(SpecError, match=rf"^params\.hyperparameters\.learning_rate must be {wanted}"):
        apply_overrides(churn, {"hyperparameters": {"learning_rate": -5}})


def test_no_number_at_all_is_refused_with_the_limits(churn: ModelSpec) -> None:
    """It passes for a number with a schema, and is below no minimum."""
    with pytest.raises(SpecError, match=r"hyperparameters\.learning_rate must be .*, got nan"):
        apply_overrides(churn, {"hyperparameters": {"learning_rate": math.nan}})


def test_whole_number_stays_one(spec: ModelSpec) -> None:
    """JSON may write seven as 7.0, which scikit-learn would refuse."""
    found = apply_overrides(spec, {"hyperparameters": {"max_iter": 7.0}}).estimator.hyperparameters["max_iter"]
    assert (found, type(found)) == (7, int)


@pytest.mark.parametrize(
    ("requests", "merged"),
    [
        ([], {}),
        ([{"reason": "a", "start": None, "end": "", "thresholds": {}}], {}),
        ([{"end": "2026-03-01"}, {"start": "2026-02-01"}], {"end": "2026-03-01", "start": "2026-02-01"}),
        ([{"end": "2026-03-01"}, {"end": "2026-03-01"}, {"end": None}], {"end": "2026-03-01"}),
        (
            [{"instance_types": {"train": "a"}}, {"instance_types": {"evaluate": "b"}}],
            {"instance_types": {"train": "a", "evaluate": "b"}},
        ),
        ([{"hyperparameters": {"max_depth": None}}], {"hyperparameters": {"max_depth": None}}),
    ],
)
def test_requests_are_merged(requests: list[dict[str, Any]], merged: dict[str, Any]) -> None:
    """Each value that any of them gives is there; an empty field of a form gives none, a null hyper-parameter does."""
    assert merge_overrides(requests) == merged


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ({"end": "2026-03-01"}, {"end": "2026-03-02"}, "params.end"),
        ({"thresholds": {"roc_auc": 0.8}}, {"thresholds": {"roc_auc": 0.9}}, "params.thresholds.roc_auc"),
        (
            {"hyperparameters": {"max_depth": None}},
            {"hyperparameters": {"max_depth": 3}},
            "params.hyperparameters.max_depth",
        ),
    ],
)
def test_contradicting_requests_are_refused(one: dict[str, Any], other: dict[str, Any], field: str) -> None:
    """The error names the value that two requests disagree on."""
    with pytest.raises(SpecError) as refused:
        merge_overrides([one, {}, other])
    assert refused.value.field == field


def test_merging_leaves_the_requests_as_they_are() -> None:
    """What came with an event is still what came with it."""
    first = {"thresholds": {"roc_auc": 0.8}}
    merge_overrides([first, {"thresholds": {"pr_auc": 0.5}}])
    assert first == {"thresholds": {"roc_auc": 0.8}}
