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

# What `make run` can show besides a model's way to the registry: a week of traffic, and how that changes by default.
WATCHES = {"drift": "sudden", "performance": "concept"}
FLOWS = ("training", *WATCHES)


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A model, a file of data (None: made-up rows) and params for its training.

    Args:
        flow: the last that is shown. scenario: how the traffic of the days after it is to change; None where nothing is
            watched.
    """

    spec: ModelSpec
    data: Path | None
    params: Mapping[str, Any]
    flow: str = "training"
    scenario: str | None = None


def run_request(*, model: str, data: str, params: str, flow: str = "", scenario: str = "") -> RunRequest:
    """The request behind MODEL, DATA, PARAMS, FLOW and SCENARIO as they were typed; all but the first may be empty.

    Raises:
        LaptopError: there is no such model, file or flow, or PARAMS is no JSON object.
    """
    return RunRequest(
        spec=_spec(model),
        data=landing.check(Path(data)) if data else None,
        params=_params(params),
        flow=flow or "training",
        scenario=_scenario(flow, scenario),
    )


def _scenario(flow: str, scenario: str) -> str | None:
    if flow not in ("", *FLOWS):
        raise LaptopError(f"FLOW={flow}: expected one of {', '.join(FLOWS)}")
    if flow in WATCHES:
        return scenario or WATCHES[flow]
    if scenario:
        raise LaptopError(f"SCENARIO={scenario}: it is for FLOW={' or '.join(WATCHES)}; else no traffic is made up")
    return None


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
