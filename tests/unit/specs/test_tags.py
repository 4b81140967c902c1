"""Tags that AWS or Airflow would refuse are refused with the spec."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session

from include.specs import catalog
from include.specs.errors import SpecError
from include.specs.tags import LONGEST_KEY, LONGEST_VALUE, MOST

CHURN = catalog.model("churn")


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"k" * LONGEST_KEY: "v" * LONGEST_VALUE},
        {"Kostenstelle Süd": "4711/a_b.c:d=e+f-g@h"},
        {str(number): "v" for number in range(MOST)},
        {"awsome": "v", "Model": "v"},
    ],
)
def test_tags_that_both_take(tags: dict[str, str]) -> None:
    """Up to the limits, and with all the characters that there may be."""
    assert replace(CHURN, tags=tags).tags == tags


WANTED = {"key": "have keys of 1 to 128 letters", "ours": "leave the key model", "value": r"be a text of 1 to 100 lett"}
WRONG: list[tuple[dict[Any, Any], str]] = [
    ({3: "v"}, rf"^tags must {WANTED['key']}.*, got 3"),
    ({" ": "v"}, rf"^tags must {WANTED['key']}"),
    ({"k" * (LONGEST_KEY + 1): "v"}, rf"^tags must {WANTED['key']}"),
    ({"k!": "v"}, rf"^tags must {WANTED['key']}.*, got 'k!'"),
    ({"model": "v"}, rf"^tags must {WANTED['ours']}.*, got 'model'"),
    ({"aws:x": "v"}, rf"^tags must {WANTED['ours']}.*, got 'aws:x'"),
    ({"AWS:x": "v"}, rf"^tags must {WANTED['ours']}"),
    ({"perennial:try": "v"}, rf"^tags must {WANTED['ours']}"),
    ({"k": 3}, rf"^tags\.k must {WANTED['value']}.*, got 3"),
    ({"k": ""}, rf"^tags\.k must {WANTED['value']}"),
    ({"k": "v" * (LONGEST_VALUE + 1)}, rf"^tags\.k must {WANTED['value']}"),
    ({"k": "v\n"}, rf"^tags\.k must {WANTED['value']}"),
    ({str(number): "v" for number in range(MOST + 1)}, "^tags must be at most 40, got 41"),
]


@pytest.mark.parametrize(("tags", "message"), WRONG)
def test_tags_that_one_of_them_refuses(tags: dict[str, str], message: str) -> None:
    """With the key, before a DAG file or a job is the first to find out."""
    with pytest.raises(SpecError, match=message):
        replace(CHURN, tags=tags)


def test_limits_are_those_of_aws() -> None:
    """As its own description has them; values are shorter, as Airflow's are."""
    shapes = get_session().get_service_model("sagemaker")
    key, most = shapes.shape_for("TagKey").metadata, shapes.shape_for("TagList").metadata["max"]
    assert (key["max"], key["pattern"]) == (LONGEST_KEY, r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)")
    assert shapes.shape_for("TagValue").metadata["max"] > LONGEST_VALUE
    assert most > MOST
