"""Scenarios by name for any data set: each picks its columns itself, those first that matter most to the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from include.ml.data.synthetic import level_names
from include.ml.simulation.changes import Broken, Change, Concept, MoreOf, NewLevel, Nulls, Numbers, Prior
from include.ml.simulation.scenario import Gradual, Onset, Scenario, Seasonal, Sudden
from include.specs.dataset import Column, Dataset, Kind
from include.specs.errors import SpecError, require

# Seen without doubt in a day of 500 rows, and nothing that a dashboard would shout about.
SHIFT_SD = 0.75
POINTS = 0.2
NEW_SHARE = 0.05
NULL_SHARE = 0.2
GRADUAL_DAYS = 7
SEASON_DAYS = 7
DUPLICATED_SHARE = 0.3

Pick = Callable[[Dataset], tuple[Change, ...]]


def preset(name: str, dataset: Dataset, *, begins: int) -> Scenario:
    """The scenario called `name`, for this data set.

    Raises:
        SpecError: there is none, or the data set has no column that it could happen to.
    """
    require(name in PRESETS, "scenario", f"be one of {sorted(PRESETS)}", name)
    return PRESETS[name](dataset, begins)


def weight(column: Column, dataset: Dataset) -> float:
    """How much a column matters: between what of its values the log-odds differ most, in the recipe.

    >>> from include.specs.catalog.churn import MODEL
    >>> [weight(MODEL.dataset.column(name), MODEL.dataset) for name in ("tenure", "PaperlessBilling", "gender")]
    [4.0, 0.2, 0.0]
    """
    effect = dataset.synthetic.effects.get(column.name, 0.0)
    if not isinstance(effect, Mapping):
        return abs(effect)
    added = [effect.get(level, 0.0) for level in level_names(column, dataset)]
    return max(added) - min(added)


def _most(dataset: Dataset, *kinds: Kind) -> Column:
    """The feature of these kinds (of any, where none is given) that matters most; of equals, the first in the spec."""
    found = [column for column in dataset.features if not kinds or column.kind in kinds]
    if not found:
        raise SpecError("scenario", f"be one that needs no {' or '.join(kinds)} feature", "a data set without")
    return max(found, key=lambda column: weight(column, dataset))


def _towards_positive(dataset: Dataset) -> tuple[Change, ...]:
    """The number and the level that matter most, each moved to where positives are."""
    kinds = {column.kind for column in dataset.features}
    parts: dict[Kind, Callable[[Dataset], Change]] = {"numeric": _numbers, "categorical": _more_of}
    found = tuple(make(dataset) for kind, make in parts.items() if kind in kinds)
    require(bool(found), "dataset.columns", "have a numeric or a categorical feature to drift", sorted(kinds))
    return found


def _numbers(dataset: Dataset) -> Change:
    column = _most(dataset, "numeric")
    effect = dataset.synthetic.effects.get(column.name, 0.0)
    falls = not isinstance(effect, Mapping) and effect < 0
    return Numbers(column=column.name, shift=-SHIFT_SD if falls else SHIFT_SD)


def _more_of(dataset: Dataset) -> Change:
    column = _most(dataset, "categorical")
    effect = dataset.synthetic.effects.get(column.name, 0.0)
    adds = effect if isinstance(effect, Mapping) else {}
    level = max(level_names(column, dataset), key=lambda name: adds.get(name, 0.0))
    return MoreOf(column=column.name, level=level, points=POINTS)


def _prior(dataset: Dataset) -> tuple[Change, ...]:
    rate = dataset.synthetic.base_rate
    return (Prior(share=rate * 2 if rate < 1 / 2 else rate / 2),)


def _nulls(dataset: Dataset) -> tuple[Change, ...]:
    """Of a column that may be blank, if there is one: more of what is known to happen."""
    column = max(dataset.features, key=lambda column: (column.missing, weight(column, dataset)))
    return (Nulls(column=column.name, share=NULL_SHARE),)


def _builder(pick: Pick, onset: Onset) -> Callable[[Dataset, int], Scenario]:
    return lambda dataset, begins: Scenario(changes=pick(dataset), begins=begins, onset=onset)


_PICKS: Mapping[str, tuple[Pick, Onset]] = {
    "none": (lambda _: (), Sudden()),
    "sudden": (_towards_positive, Sudden()),
    "gradual": (_towards_positive, Gradual(days=GRADUAL_DAYS)),
    "seasonal": (_towards_positive, Seasonal(period_days=SEASON_DAYS)),
    "spread": (lambda data: (Numbers(column=_most(data, "numeric").name, spread=1.5),), Sudden()),
    "prior": (_prior, Sudden()),
    "concept": (lambda data: (Concept(column=_most(data).name),), Sudden()),
    "new_level": (lambda data: (NewLevel(column=_most(data, "categorical").name, share=NEW_SHARE),), Sudden()),
    "nulls": (_nulls, Sudden()),
    "broken": (lambda data: (Broken(how="missing", column=_most(data).name),), Sudden()),
    "all_null": (lambda data: (Broken(how="all_null", column=_most(data).name),), Sudden()),
    "text": (lambda data: (Broken(how="text", column=_most(data, "numeric").name),), Sudden()),
    "unit": (lambda data: (Broken(how="unit", column=_most(data, "numeric").name),), Sudden()),
    "duplicated": (lambda _: (Broken(how="duplicated", share=DUPLICATED_SHARE),), Sudden()),
}
# Name → what makes the scenario, from a data set and the index of the day on which it begins.
PRESETS: Mapping[str, Callable[[Dataset, int], Scenario]] = {
    name: _builder(pick, onset) for name, (pick, onset) in _PICKS.items()
}
