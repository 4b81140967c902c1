"""What a person asked `make run` for, refused before anything starts where it cannot be meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.specs import catalog
from include.specs.errors import SpecError
from include.specs.model import ModelSpec
from laptop import landing
from laptop.errors import LaptopError


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A model, a file of data (None: made-up rows) and params for its training."""

    spec: ModelSpec
    data: Path | None
    params: Mapping[str, Any]


def run_request(*, model: str, data: str, params: str) -> RunRequest:
    """The request behind MODEL, DATA and PARAMS as they were typed; the last two may be empty.

    Raises:
        LaptopError: there is no such model or file, or PARAMS is no JSON object.
    """
    return RunRequest(spec=_spec(model), data=landing.check(Path(data)) if data else None, params=_params(params))


def _spec(model: str) -> ModelSpec:
    try:
        return catalog.model(model)
    except SpecError as error:
        raise LaptopError(f"MODEL={model}: {error}") from error


def _params(text: str) -> Mapping[str, Any]:
    """The params, as a dictionary.

    >>> _params('{"thresholds": {"roc_auc": 0.99}}')
    {'thresholds': {'roc_auc': 0.99}}
    """
    example = """for example PARAMS='{"thresholds": {"roc_auc": 0.99}}'"""
    try:
        params = json.loads(text or "{}")
    except ValueError as error:
        raise LaptopError(f"PARAMS={text}: expected a JSON object, {example}: {error}") from error
    if not isinstance(params, dict):
        raise LaptopError(f"PARAMS={text}: expected a JSON object, {example}")
    return params
