"""Proves a place: that a worker and the triggerer run what was deployed, and know where they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

import include
from include.specs import catalog
from include.specs.environment import environment
from include.specs.errors import PerennialError
from perennial import stamps
from perennial.triggers.smoke import SmokeTrigger


class SmokeOperator(BaseOperator):
    """Read the settings and the catalog, compare the stamps with those of the params, and wait in the triggerer.

    Another bundle than the params name is tried again, since folders are synchronised now and then; a setting or a spec
    that cannot be read is not. It calls no AWS service, and costs nothing.

    Returns (XCom): models, dags, plugins (digests).
    """

    def execute(self, context: Any) -> None:
        """Look at this worker, then hand over to the triggerer."""
        _proved(context["params"])
        self.defer(trigger=SmokeTrigger(), method_name="resumed")  # type: ignore[no-untyped-call]  # Airflow's base class leaves it untyped

    def resumed(self, context: Any, event: Mapping[str, str]) -> dict[str, Any]:
        """Look at what the triggerer has, and at the worker that goes on."""
        require_stamp("plugins of the triggerer", context["params"].get("plugins"), event["plugins"])
        return _proved(context["params"])


def require_stamp(what: str, expected: str | None, found: str) -> None:
    """Refuse another bundle than the one that was asked for, if one was.

    Raises:
        AirflowException: it is another one; a later try may find the right one.
    """
    if expected and expected != found:
        raise AirflowException(f"{what}: expected the bundle {expected[:12]}, found {found[:12] or 'none'}")


def _proved(params: Mapping[str, Any]) -> dict[str, Any]:
    found = {"dags": stamps.stamp(Path(str(include.__file__)).parent), "plugins": stamps.plugins()}
    for what, digest in found.items():
        require_stamp(f"{what} of a worker", params.get(what), digest)
    try:
        environment(os.environ)
        return {"models": sorted(catalog.load()), **found}
    except PerennialError as error:
        raise AirflowFailException(str(error)) from error
