from math import inf, nan

import pytest

from include.specs.attribution import AttributionDrift, FeatureAttribution
from include.specs.errors import ReportError


@pytest.mark.parametrize(("baseline", "current"), [(nan, 0.5), (0.5, inf)])
def test_an_attribution_is_finite(baseline: float, current: float) -> None:
    """drift.json is JSON, which has no word for what is not."""
    with pytest.raises(ReportError, match="an attribution"):
        FeatureAttribution(baseline=baseline, current=current, baseline_place=1, place=1)


def test_an_order_of_features_that_cannot_be_compared_is_refused() -> None:
    """An NDCG that is no number would be neither above the threshold nor below it."""
    with pytest.raises(ReportError, match="an NDCG"):
        AttributionDrift(ndcg=nan, threshold=0.9, moved=False, features={})
