"""Pages of a List call. A token says after which item the next page begins, whatever has come or gone meanwhile."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localaws.sagemaker.errors import ValidationError

DEFAULT_PAGE = 10  # SageMaker's, for every List operation here
Key = tuple[float | str, ...]


def page[T](
    items: Iterable[T], request: Mapping[str, Any], *, order: Callable[[T], Key]
) -> tuple[list[T], dict[str, str]]:
    """One page of the items, and the answer's NextToken where there are more.

    Args:
        order: what the items are sorted by; it tells any two of them apart.

    Raises:
        ValidationError: the request's NextToken is none of this operation's, or of another order.
    """
    descending, size = request.get("SortOrder") == "Descending", request.get("MaxResults") or DEFAULT_PAGE
    left = sorted(items, key=order, reverse=descending)
    if (token := request.get("NextToken")) is not None:
        left = _after(left, token, order, descending=descending)
    cut = left[:size]
    return cut, {"NextToken": _token(order(cut[-1]))} if len(left) > size else {}


def _after[T](items: list[T], token: str, order: Callable[[T], Key], *, descending: bool) -> list[T]:
    try:
        last = tuple(json.loads(base64.urlsafe_b64decode(token)))
        return [item for item in items if (order(item) < last if descending else order(item) > last)]
    except (ValueError, TypeError) as error:
        told = f'Invalid pagination token because "{token}" was not given by this operation.'
        raise ValidationError(told) from error


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
