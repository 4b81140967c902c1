"""An estimator is a classifier of scikit-learn, with hyper-parameters that it knows, of the types that it takes."""

from collections.abc import Mapping

import pytest

from include.ml.features import estimators
from include.specs.errors import SpecError
from include.specs.model import Estimator

TREES = "sklearn.ensemble.HistGradientBoostingClassifier"
SPEC = Estimator(path=TREES, hyperparameters={"learning_rate": 0.1, "max_iter": 50, "early_stopping": False}, seed=7)


def test_the_seed_of_the_spec_is_the_estimators() -> None:
    """And its hyper-parameters are those given."""
    built = estimators.build(SPEC, {"max_iter": 3})
    assert (built.random_state, built.max_iter, built.learning_rate) == (7, 3, 0.1)


def test_an_estimator_without_randomness_needs_no_seed() -> None:
    """Naive Bayes has none."""
    estimators.build(Estimator(path="sklearn.naive_bayes.GaussianNB"), {})


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.nonsense.Classifier",
        "sklearn.ensemble.Nonsense",
        "sklearn.linear_model.LinearRegression",
        "sklearn.svm.LinearSVC",
        "sklearn.ensemble.VotingClassifier",
        "sklearn.multiclass.OneVsRestClassifier",
    ],
)
def test_only_classifiers_with_probabilities_are_built(path: str) -> None:
    """The message names the field and what came."""
    with pytest.raises(SpecError, match=r"estimator\.path must be a cl.*" + path):
        estimators.build(Estimator(path=path), {})


def test_what_a_class_cannot_be_made_without_is_named() -> None:
    """It is no single value, so no spec can say it."""
    with pytest.raises(SpecError, match=r"estimator\.path must be a classifier that needs no estimators to be made"):
        estimators.build(Estimator(path="sklearn.ensemble.VotingClassifier"), {"voting": "soft"})


def test_probabilities_may_depend_on_hyperparameters() -> None:
    """The class, what it was given, and scikit-learn's own sentence."""
    path = "sklearn.linear_model.SGDClassifier"
    estimators.build(Estimator(path=path), {"loss": "log_loss"})
    wanted = (
        rf"estimator\.hyperparameters must be such that {path} gives probabilities \(.*loss='hinge'\), got .*'hinge'"
    )
    with pytest.raises(SpecError, match=wanted):
        estimators.build(Estimator(path=path), {"loss": "hinge"})


@pytest.mark.parametrize("name", ["depth", "random_state"])
def test_an_unknown_hyperparameter_is_refused(name: str) -> None:
    """With the names there are; the seed has a field of its own."""
    for build in (lambda: estimators.build(SPEC, {name: 3}), lambda: estimators.merged(SPEC, {name: "3"})):
        with pytest.raises(SpecError, match="name parameters of .* 'max_iter'.*" + name):
            build()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"learning_rate": "0.3"}, 0.3),
        ({"learning_rate": "1"}, 1.0),
        ({"max_iter": "70"}, 70),
        ({"early_stopping": "true"}, True),
        ({"max_depth": "null"}, None),
        ({"max_depth": "4"}, 4),
        ({"scoring": "roc_auc"}, "roc_auc"),
        ({"scoring": '"roc_auc"'}, "roc_auc"),
    ],
)
def test_text_becomes_the_type_of_the_specs_value_or_the_classs_default(
    overrides: Mapping[str, str], expected: object
) -> None:
    """SageMaker hands on text only."""
    ((name, _),) = overrides.items()
    value = estimators.merged(SPEC, overrides)[name]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "overrides",
    [{"max_iter": "many"}, {"max_iter": "1.5"}, {"max_iter": "true"}, {"learning_rate": "fast"}, {"max_iter": "[1]"}],
)
def test_text_of_another_type_is_refused(overrides: Mapping[str, str]) -> None:
    """The message names the hyper-parameter."""
    ((name, _),) = overrides.items()
    with pytest.raises(SpecError, match=rf"estimator\.hyperparameters\.{name} must be"):
        estimators.merged(SPEC, overrides)


def test_what_is_not_overridden_stays() -> None:
    """And the toolkits' own settings are no hyper-parameters."""
    assert estimators.merged(SPEC, {"sagemaker_program": "train.py"}) == SPEC.hyperparameters
