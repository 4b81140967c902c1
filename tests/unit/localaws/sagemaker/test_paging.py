"""Pages: each item once, whatever comes and goes between two of them."""

from typing import Any

import pytest

from localaws.sagemaker.errors import ValidationError
from localaws.sagemaker.paging import page


def order(item: str) -> tuple[float | str, ...]:
    """Items are sorted by their number, then by their name."""
    return float(item[1:]), item


def listed(items: list[str], **request: Any) -> tuple[list[str], dict[str, str]]:
    """One page of the items."""
    return page(items, request, order=order)


def test_a_page_has_ten_items_unless_asked_otherwise() -> None:
    """Only a page that others follow has a token."""
    items = [f"j{number}" for number in range(11)]
    first, token = listed(items)
    assert first == items[:10]
    assert listed(items, **token) == (["j10"], {})
    assert listed(items, MaxResults=11) == (items, {})


@pytest.mark.parametrize(
    ("sort_order", "first", "second"),
    [("Ascending", ["j1", "j2"], ["j4", "j5"]), ("Descending", ["j4", "j3"], ["j2", "j1"])],
)
def test_the_next_page_begins_after_the_last_item(sort_order: str, first: list[str], second: list[str]) -> None:
    """What was made or deleted meanwhile moves nothing to another page."""
    shown, token = listed(["j3", "j1", "j2", "j4"], MaxResults=2, SortOrder=sort_order)
    assert shown == first
    changed = ["j1", "j2", "j4", "j5"]  # j5 was made, j3 deleted
    assert listed(changed, MaxResults=2, SortOrder=sort_order, **token) == (second, {})


@pytest.mark.parametrize("sort_order", ["Ascending", "Descending"])
def test_each_item_comes_once(sort_order: str) -> None:
    """The last of a page does not begin the next, whichever way round."""
    items = ["j1", "j2", "j3", "j4", "j5"]
    token, shown = dict[str, str](), list[str]()
    for _ in range(3):
        found, token = listed(items, MaxResults=2, SortOrder=sort_order, **token)
        shown += found
    assert (shown, token) == (items if sort_order == "Ascending" else items[::-1], {})


def test_items_of_the_same_number_are_told_apart() -> None:
    """A page may end between two that were made at the same moment."""
    shown, token = listed(["b1", "a1", "c1"], MaxResults=2)
    assert shown == ["a1", "b1"]
    assert listed(["b1", "a1", "c1"], MaxResults=2, **token) == (["c1"], {})


@pytest.mark.parametrize("token", ["", "²", "asdf", "MQ==", "eyJhIjogMX0=", "WyJuYW1lIl0="])
def test_a_token_that_was_not_given_is_refused(token: str) -> None:
    """It is not base 64, no JSON, no key, or one of another order: the answer is a ValidationException in each case."""
    with pytest.raises(ValidationError, match="Invalid pagination token"):
        listed(["j1", "j2"], NextToken=token)
