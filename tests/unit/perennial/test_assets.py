"""The assets by which flows find each other."""

import pytest
from airflow.sdk import Asset
from perennial import assets

from include.specs.model import ModelSpec

KINDS = {
    "raw": assets.raw,
    "retrain": assets.retrain,
    "package": assets.package,
    "drift": assets.drift,
    "performance": assets.performance,
}


@pytest.mark.parametrize("kind", KINDS)
def test_asset_is_called_as_agreed(spec: ModelSpec, kind: str) -> None:
    """`<kind>:<model>`, with an address of its own, the same each time it is named."""
    asset = KINDS[kind](spec.name)
    assert (asset.name, asset.uri) == (f"{kind}:{spec.name}", f"perennial://{kind}/{spec.name}")
    assert asset == KINDS[kind](spec.name)


def test_assets_are_distinct() -> None:
    """Neither kinds nor models share one: a request for one model never starts another's training."""
    made: list[Asset] = [make(model) for make in KINDS.values() for model in ("churn", "fraud")]
    assert len({asset.uri for asset in made}) == len({asset.name for asset in made}) == 10
