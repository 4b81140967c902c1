"""A model's spec refuses what cannot be meant, and says which field to change."""

import math
from dataclasses import replace
from typing import Any

import pytest

from include.specs import catalog
from include.specs.dataset import Column
from include.specs.errors import SpecError
from include.specs.limits import Limits
from include.specs.model import DecisionRule, Estimator, Gate, ModelSpec, Owner, Slices, Split

CHURN = catalog.model("churn")


def estimator(**hyperparameters: Any) -> Estimator:
    return Estimator(path="sklearn.x", hyperparameters=hyperparameters)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Churn"}, "name must be 2 to 24 of a-z"),
        ({"name": "c" * 25}, "name must be 2 to 24"),
        ({"title": " "}, "title must not be blank"),
        ({"training_schedule": "@weekly"}, "training_schedule must be five-field cron"),
        ({"ingestion_schedule": "0 24 * * *"}, "ingestion_schedule must be five-field cron, the hour of 0 to 23"),
        ({"ingestion_schedule": "0 2 * * 1"}, "ingestion_schedule must be cron of every day, .*got '0 2 "),
        ({"step_resources": {"fit": None}}, r"step_resources must name steps of .*got \['fit'\]"),
        ({"features": {"nonsense": "as_is"}}, "features must name feature columns.*got 'nonsense'"),
        ({"features": {"Churn": "one_hot"}}, "features must name feature columns.*got 'Churn'"),
        ({"features": {"tenure": "one_hot"}}, r"features\.tenure must be one of \('standardise'.*numeric column"),
        ({"features": {"gender": "standardise"}}, r"features\.gender must be one of \('one_hot'.*categorical column"),
        ({"features": {"gender": "cube"}}, r"features\.gender must be one of"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    """With the field, what it takes and what came."""
    with pytest.raises(SpecError, match=message):
        replace(CHURN, **changes)


@pytest.mark.parametrize("kind", ["text", "id"])
def test_text_and_ids_are_no_features(kind: Any) -> None:
    """There is no transform for them: the spec says so before a job does."""
    with_text = replace(CHURN.dataset, columns=(*CHURN.dataset.columns, Column(name="note", kind=kind)))
    with pytest.raises(SpecError, match=r"columns\[note\] must be numeric, categorical or a timestamp to be a feature"):
        replace(CHURN, dataset=with_text)


@pytest.mark.parametrize("minimum", [None, -1.0])
def test_a_logarithm_needs_a_column_that_is_never_negative(minimum: float | None) -> None:
    """Its limit must say so."""
    added = Column(name="balance", kind="numeric", minimum=minimum)
    dataset = replace(CHURN.dataset, columns=(*CHURN.dataset.columns, added))
    with pytest.raises(SpecError, match=r"columns\[balance\]\.minimum must be at least 0 for a logarithm"):
        replace(CHURN, dataset=dataset, features={"balance": "log_standardise"})


def test_a_time_that_may_be_blank_is_no_feature() -> None:
    """A clock has no hand for it."""
    added = Column(name="seen", kind="timestamp", missing=True)
    with pytest.raises(SpecError, match=r"columns\[seen\]\.missing must be False"):
        replace(CHURN, dataset=replace(CHURN.dataset, columns=(*CHURN.dataset.columns, added)))


def test_a_feature_has_its_kinds_default_transform() -> None:
    """Unless the spec names another."""
    assert (CHURN.transform("gender"), CHURN.transform("tenure")) == ("one_hot", "as_is")
    assert replace(CHURN, features={}).transform("tenure") == "standardise"


def test_slices_are_of_categorical_features() -> None:
    """A slice of numbers would have as many groups as values."""
    gate = replace(CHURN.gate, slices=Slices(columns=("tenure",), metric="roc_auc", floor=0.5))
    with pytest.raises(SpecError, match=r"gate\.slices\.columns must name categorical features, got 'tenure'"):
        replace(CHURN, gate=gate)


def test_rows_without_names_hold_columns_of_the_data_set() -> None:
    """Others could not be told apart from those that are."""
    watched = replace(CHURN.monitoring, input_columns=("customerID", "height"))
    with pytest.raises(SpecError, match=r"monitoring\.input_columns must name columns of the data set, got 'height'"):
        replace(CHURN, monitoring=watched)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Owner(name="", email="a@b.c"), r"owner\.name"),
        (lambda: Owner(name="A", email="nobody"), r"owner\.email must be an e-mail address, got 'nobody'"),
        (lambda: Split(test=0.0), r"split\.test must be within \(0, 1\)"),
        (lambda: Split(test=0.6, validation=0.4), "split must leave rows to train on"),
        (lambda: Estimator(path="os.system"), r"estimator\.path must be a class of scikit-learn"),
        (
            lambda: Estimator(path="sklearn.x", hyperparameters={"C": 1.0}, limits={"c": Limits(minimum=0)}),
            r"estimator\.limits must name hyper-parameters, of \['C'\], got 'c'",
        ),
        (
            lambda: Estimator(path="sklearn.x", hyperparameters={"C": 5.0}, limits={"C": Limits(maximum=2)}),
            r"estimator\.hyperparameters\.C must be within \(-inf, 2\], got 5\.0",
        ),
        (lambda: estimator(random_state=1), r"hyperparameters\.random_state must be left to estimator\.seed, got 1"),
        (lambda: estimator(C=math.nan), r"estimator\.hyperparameters\.C must be a finite number.*, got nan"),
        (lambda: estimator(C=[1.0]), r"estimator\.hyperparameters\.C must be a finite number, a text,.*got \[1\.0\]"),
        (lambda: Estimator(path="sklearn.x", checkpoint_every=0), r"checkpoint_every must be positive"),
        (lambda: Estimator(path="sklearn.x", threads=0), r"threads must be positive"),
        (lambda: DecisionRule(target=1.0), r"decision\.target must be within"),
        (lambda: DecisionRule(rule="best"), r"decision\.rule"),  # type: ignore[arg-type]
        (lambda: Gate(thresholds={}), "gate.thresholds must name at least one metric"),
        (lambda: Gate(thresholds={"roc": 0.5}), "gate.thresholds must be one of .*roc_auc.*got 'roc'"),
        (lambda: Gate(thresholds={"roc_auc": 1.2}), r"thresholds\.roc_auc must be within \[0, 1\], got 1\.2"),
        (lambda: Gate(thresholds={"log_loss": -1.0}), r"thresholds\.log_loss must be within \[0, inf\)"),
        (lambda: Gate(thresholds={"log_loss": math.inf}), r"thresholds\.log_loss must be within .*, got inf"),
        (lambda: Gate(thresholds={"roc_auc": math.nan}), r"thresholds\.roc_auc must be within .*, got nan"),
        (lambda: Gate(thresholds={"roc_auc": True}), r"thresholds\.roc_auc must be within .*, got True"),
        (lambda: Gate(thresholds={"roc_auc": 0.5}, margin=-0.1), r"gate\.margin must be at least 0"),
        (lambda: Gate(thresholds={"roc_auc": 0.5}, margin=math.inf), r"gate\.margin must be .*finite, got inf"),
        (lambda: Gate(thresholds={"roc_auc": 0.5}, margin=math.nan), r"gate\.margin must be .*finite, got nan"),
        (lambda: Gate(thresholds={"roc_auc": 0.5}, primary_metric="x"), r"gate\.primary_metric"),
        (lambda: Gate(thresholds={"roc_auc": 0.5}, champion_rule="x"), r"gate\.champion_rule"),  # type: ignore[arg-type]
        (lambda: Slices(columns=("a",), metric="roc_auc", floor=0.5, minimum_rows=0), "minimum_rows must be positive"),
        (lambda: Slices(columns=(), metric="roc_auc", floor=0.5), r"slices\.columns must name at least one column"),
        (lambda: Slices(columns=("a",), metric="roc_auc", floor=7.0), r"slices\.floor must be .* \[0, 1\], got 7"),
        (lambda: Slices(columns=("a",), metric="brier", floor=math.nan), r"slices\.floor must be .* got nan"),
    ],
)
def test_parts_of_a_spec_refuse_what_cannot_be_meant(make: Any, message: str) -> None:
    """Each when it is made."""
    with pytest.raises(SpecError, match=message):
        make()


def test_a_training_may_be_on_any_days() -> None:
    """It is about all days before it: the schedule leaves none out."""
    assert replace(CHURN, training_schedule="0 4 1,15 * *").training_schedule == "0 4 1,15 * *"


def test_a_step_without_resources_has_the_defaults() -> None:
    """So that a spec names only what differs."""
    assert isinstance(CHURN, ModelSpec)
    assert CHURN.resources("train").instance_type == "ml.m5.large"


def test_a_delay_beyond_what_is_looked_back_on_is_refused() -> None:
    """No label would ever be that of a prediction that is still looked at."""
    days = CHURN.monitoring.performance.history_days
    assert replace(CHURN, dataset=replace(CHURN.dataset, label_delay_days=days - 1))
    with pytest.raises(SpecError, match=r"dataset\.label_delay_days must be less than .*history_days \(45\)"):
        replace(CHURN, dataset=replace(CHURN.dataset, label_delay_days=days))
