"""The tags of a model: AWS's on all that is made for it, and, by their values, Airflow's on its DAGs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from include.specs.errors import require

# AWS takes 50 on a thing, and some are put there by this project.
MOST = 40
LONGEST_KEY = 128
LONGEST_VALUE = 100  # Airflow's; AWS has 256
# Keys that others use: this project, and AWS itself.
TAKEN, TAKEN_BEGINNINGS = "model", ("perennial:", "aws:")


def require_tags(tags: Mapping[str, str], field: str) -> None:
    """Raise `SpecError` for `field` unless both AWS and Airflow take `tags`.

    >>> require_tags({"cost centre": "4711", "team": "R&D"}, "tags")
    Traceback (most recent call last):
    include.specs.errors.SpecError: tags.team must be a text of 1 to 100 letters, digits, spaces and _.:/=+-@, got 'R&D'
    """
    require(len(tags) <= MOST, field, f"be at most {MOST}", len(tags))
    allowed = "letters, digits, spaces and _.:/=+-@"
    for key, value in tags.items():
        require(_is_text(key, LONGEST_KEY), field, f"have keys of 1 to {LONGEST_KEY} {allowed}", key)
        free = key != TAKEN and not key.lower().startswith(TAKEN_BEGINNINGS)
        require(free, field, "leave the key model, and keys that begin with perennial: or aws:, to others", key)
        require(_is_text(value, LONGEST_VALUE), f"{field}.{key}", f"be a text of 1 to {LONGEST_VALUE} {allowed}", value)


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= longest and all(map(_is_allowed, value))


def _is_allowed(character: str) -> bool:
    """SageMaker: `[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]`."""
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
