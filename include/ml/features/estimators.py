"""A model's estimator: the class its spec names, and hyper-parameters typed after the class's own."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping

from sklearn.base import BaseEstimator, ClassifierMixin

from include.specs.errors import SpecError
from include.specs.model import Estimator, Value

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def build(spec: Estimator, hyperparameters: Mapping[str, Value]) -> BaseEstimator:
    """The unfitted estimator, its randomness seeded where it has any.

    Raises:
        SpecError: there is no such classifier, it has no such hyper-parameter, or it gives no probabilities with those.
    """
    cls = _class(spec.path)
    known = inspect.signature(cls).parameters
    for name in hyperparameters:
        _require_known(name, known, spec.path)
    seed = {"random_state": spec.seed} if "random_state" in known else {}
    estimator = cls(**seed, **hyperparameters)
    _require_probabilities(estimator, spec.path, hyperparameters)
    return estimator


def merged(spec: Estimator, overrides: Mapping[str, str]) -> dict[str, Value]:
    """The spec's hyper-parameters with a request's over them, each typed as the spec's value or the class's default is.

    SageMaker hands on text only. Names that begin with `sagemaker_` are its toolkits' own and no hyper-parameters.

    Raises:
        SpecError: the estimator has no such hyper-parameter, or the text is not of its type.
    """
    known = inspect.signature(_class(spec.path)).parameters
    values = dict(spec.hyperparameters)
    for name, text in overrides.items():
        if name.startswith("sagemaker_"):
            continue
        _require_known(name, known, spec.path)
        values[name] = _typed(name, text, values.get(name, known[name].default))
    return values


def _class(path: str) -> type[BaseEstimator]:
    module, _, name = path.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SpecError("estimator.path", "be a class that scikit-learn has", path) from error
    if not inspect.isclass(cls) or not issubclass(cls, ClassifierMixin) or not hasattr(cls, "predict_proba"):
        raise SpecError("estimator.path", "be a classifier that gives probabilities", path)
    parameters = inspect.signature(cls).parameters.values()
    needed = [known.name for known in parameters if known.kind in _BY_NAME and known.default is known.empty]
    if needed:
        # They are other estimators: a hyper-parameter is a single value, and cannot say one.
        raise SpecError("estimator.path", f"be a classifier that needs no {', '.join(needed)} to be made", path)
    return cls


def _require_probabilities(estimator: BaseEstimator, path: str, hyperparameters: Mapping[str, Value]) -> None:
    """Some classes have `predict_proba` only with some hyper-parameters, and say which when asked for it."""
    try:
        _ = estimator.predict_proba
    except AttributeError as error:
        why = error.__cause__ or error
        expected = f"be such that {path} gives probabilities ({why})"
        raise SpecError("estimator.hyperparameters", expected, dict(hyperparameters)) from error


def _require_known(name: str, known: Mapping[str, inspect.Parameter], path: str) -> None:
    # The seed has its own field, estimator.seed, which the manifest keeps.
    allowed = sorted(set(known) - {"random_state"})
    if name not in allowed:
        raise SpecError("estimator.hyperparameters", f"name parameters of {path}, one of {allowed}", name)


def _typed(name: str, text: str, like: Value) -> Value:
    field = f"estimator.hyperparameters.{name}"
    try:
        value: Value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, list | dict):
        raise SpecError(field, "be a single value", text)
    if like is None or value is None or type(value) is type(like):
        return value
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(like, str):
        return text
    raise SpecError(field, f"be of type {type(like).__name__}", text)
