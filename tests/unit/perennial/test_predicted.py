"""The outputs of batch transforms."""

import datetime as dt
from types import SimpleNamespace

from perennial.hooks.lake import Lake
from perennial.predicted import predicted

from include.specs.model import ModelSpec


def test_outputs_of_several_days_are_found_in_their_order(aws: SimpleNamespace, churn: ModelSpec) -> None:
    """Those of the model alone, and nothing else that lies there."""
    keys = [f"predictions/churn/year=2026/month=03/day=0{day}/part.csv.out" for day in (1, 2)]
    for key in (*keys, keys[0].replace("churn", "fraud"), keys[0] + ".manifest", keys[0].replace("day=01", "day=03")):
        aws.put(key, b"")
    dates = [dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
    assert [found.key for found in predicted(Lake("lake"), churn, dates)] == keys
    assert predicted(Lake("lake"), churn, ()) == ()
