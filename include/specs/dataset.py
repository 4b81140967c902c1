"""What a model's data looks like: columns, roles, limits, and how a person would make some up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from include.specs.errors import SpecError, require
from include.specs.limits import require_seed

Kind = Literal["numeric", "categorical", "text", "id", "timestamp"]
Role = Literal["feature", "id", "entity", "label", "event_time", "label_time", "ignored"]
Absent = Literal["fail", "skip"]
# The kind that a role needs, where it needs one.
ROLE_KINDS: Mapping[str, Kind] = {
    "id": "id",
    "entity": "id",
    "label": "categorical",
    "event_time": "timestamp",
    "label_time": "timestamp",
}
# Without these nothing can be said of a row: a blank is no fact.
NEVER_BLANK: tuple[Role, ...] = ("id", "event_time")
# Of the baseline's sample: the column that says whether the label was the positive one.
LABEL_IS_POSITIVE = "label is positive"


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """Names of columns that the project adds to tables of its own, beside a data set's.

    Args:
        roles: of the data set's columns that are in the same table.
        holds: what is in them, for the error message.
    """

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    holds: str


_ASKED: tuple[Role, ...] = ("feature", "id", "entity")
# Each is defined where its table is made; test_dataset.py holds this list against them.
RESERVED = (
    Reserved(names=("score", "called"), roles=_ASKED, holds="what the model answered"),
    Reserved(
        names=("event_id", "row", "inference_id", "inference_time", "variant", "record"),
        roles=_ASKED,
        holds="which captured request a row came in",
    ),
    Reserved(names=(LABEL_IS_POSITIVE,), roles=_ASKED, holds="the label in a baseline's sample"),
    Reserved(
        names=("comparable",),
        roles=(*_ASKED, "event_time", "label"),
        holds="which rows of the hold-out the champion was not fitted on",
    ),
    Reserved(
        names=("_reason", "_surplus"),
        roles=get_args(Role),
        holds="why a row is in quarantine, and what it had too much of",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the landing files, by the name in their header.

    Args:
        kind: how its text is read. A timestamp is ISO 8601; without an offset it is UTC.
        role: what it is for. Ignored columns must be present and are kept in the lake, but no model sees them.
        missing: whether a blank cell is a fact (True) or sends its row to quarantine (False).
        minimum, maximum: inclusive limits of a numeric column; a row outside goes to quarantine.
        levels: all values a categorical column may take; None where the set is open.
    """

    name: str
    kind: Kind
    role: Role = "feature"
    missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] | None = None
    description: str = ""

    def __post_init__(self) -> None:
        at = f"dataset.columns[{self.name}]"
        require(bool(self.name.strip()), "dataset.columns.name", "not be blank", self.name)
        require(self.kind in get_args(Kind), f"{at}.kind", f"be one of {get_args(Kind)}", self.kind)
        require(self.role in get_args(Role), f"{at}.role", f"be one of {get_args(Role)}", self.role)
        needed = ROLE_KINDS.get(self.role, self.kind)
        require(self.kind == needed, f"{at}.kind", f"be {needed} for the role {self.role}", self.kind)
        told = self.role not in NEVER_BLANK or not self.missing
        require(told, f"{at}.missing", f"be False for the role {self.role}: a row without one is no row", self.missing)
        limits = (self.minimum, self.maximum)
        require(self.kind == "numeric" or limits == (None, None), at, "be numeric to have limits", self.kind)
        require(self.kind == "categorical" or self.levels is None, at, "be categorical to have levels", self.kind)
        finite = all(limit is None or math.isfinite(limit) for limit in limits)
        require(finite, f"{at}.minimum, maximum", "be finite", limits)
        ordered = self.minimum is None or self.maximum is None or self.minimum <= self.maximum
        require(ordered, f"{at}.minimum", "be at most maximum", limits)
        if self.levels is not None:
            _require_levels(self.levels, f"{at}.levels")


def _require_levels(levels: tuple[str, ...], field: str) -> None:
    # A lone text is a sequence of its letters, and a number no cell of a file: each would be met by no row.
    texts = isinstance(levels, tuple) and all(isinstance(level, str) and level.strip() for level in levels)
    distinct = texts and 0 < len(levels) == len(set(levels))
    require(distinct, field, "be a tuple of distinct texts, none of them blank", levels)


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """How to make up data of this shape, for trying the system without any: a logistic model over the columns.

    Args:
        rows: how many rows a file has.
        base_rate: expected share of the positive class, in (0, 1).
        effects: for a numeric column the change of the log-odds over its range, centred; for a categorical one the
            change for each level named. Columns not named have no effect.
        missing_rate: share of blank cells in the columns that allow them.
    """

    rows: int
    base_rate: float
    effects: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    missing_rate: float = 0.01
    seed: int = 20260101

    def __post_init__(self) -> None:
        require(self.rows > 0, "dataset.synthetic.rows", "be positive", self.rows)
        require(0 < self.base_rate < 1, "dataset.synthetic.base_rate", "be within (0, 1)", self.base_rate)
        require_seed(self.seed, "dataset.synthetic.seed")
        require(0 <= self.missing_rate < 1, "dataset.synthetic.missing_rate", "be within [0, 1)", self.missing_rate)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The columns of a model's data, in the order of its files, and what may be wrong with them.

    Args:
        positive: the label's level that the model gives the probability of.
        quarantine_limit: the largest share of rows that may be quarantined before a partition is refused.
        unlabelled: whether rows without a label are expected (labels come later); they are kept, not trained on. The
            label's column says the same with `missing`.
        label_delay_days: how many days after a prediction its label can be told at the earliest; one of its id that was
            told before is an earlier prediction's.
        window_days: how many days of partitions a training run reads back from its newest; None for all.
        when_absent: what a date without landing files means: an error, or a day without data (skipped).
        landing_wait_h: hours after its turn (`ingestion_schedule`) that a scheduled ingestion waits for a day's first
            landing file, where the days before had some. 0: days without data are as usual as those with, and people
            are not told of one either.
    """

    columns: tuple[Column, ...]
    positive: str
    synthetic: Synthetic
    quarantine_limit: float = 0.02
    unlabelled: bool = False
    label_delay_days: int = 0
    window_days: int | None = None
    when_absent: Absent = "skip"
    # As long as drift waits for a day's first capture file: a producer that is late by a night's work is waited for,
    # and the day has its partition before noon.
    landing_wait_h: float = 6.0

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        require(not twice, "dataset.columns", "have distinct names", twice)
        self._refuse_reserved()
        one: tuple[Role, ...] = ("id", "label")
        for role in one:
            require(len(self.with_role(role)) == 1, "dataset.columns", f"have exactly one {role}", names)
        at_most_one: tuple[Role, ...] = ("event_time", "label_time", "entity")
        for role in at_most_one:
            require(len(self.with_role(role)) <= 1, "dataset.columns", f"have at most one {role}", names)
        require(bool(self.features), "dataset.columns", "have at least one feature", names)
        levels = self.label.levels or ()
        require(len(levels) == 2, "dataset.label.levels", "be the two classes", levels)  # noqa: PLR2004 binary models
        require(self.positive in levels, "dataset.positive", f"be one of {levels}", self.positive)
        self._check_blank_labels()
        known = get_args(Absent)
        require(self.when_absent in known, "dataset.when_absent", f"be one of {known}", self.when_absent)
        waits_h = self.landing_wait_h
        # Of the runs that go on at a time (four), so long a wait leaves two for days that are there.
        require(0 <= waits_h <= 48, "dataset.landing_wait_h", "be within [0, 48]", waits_h)  # noqa: PLR2004 hours
        limit = self.quarantine_limit
        require(0 <= limit <= 1, "dataset.quarantine_limit", "be within [0, 1]", limit)
        delay = self.label_delay_days
        require(delay >= 0, "dataset.label_delay_days", "be at least 0", delay)
        require(
            self.window_days is None or self.window_days > 0, "dataset.window_days", "be positive", self.window_days
        )
        strangers = sorted(set(self.synthetic.effects) - set(names))
        require(not strangers, "dataset.synthetic.effects", "name columns of the data set", strangers)

    def _check_blank_labels(self) -> None:
        """A label that may be blank and rows that may lack one are one fact, told to ingestion and to training."""
        at, label = f"dataset.columns[{self.label.name}].missing", self.label
        require(label.missing or not self.unlabelled, at, "be True where dataset.unlabelled is", label.missing)
        expected = f"be True, since the label {label.name} may be blank (or give that column missing=False)"
        require(self.unlabelled or not label.missing, "dataset.unlabelled", expected, self.unlabelled)

    def _refuse_reserved(self) -> None:
        for reserved in RESERVED:
            for column in self.columns:
                free = column.name not in reserved.names or column.role not in reserved.roles
                expected = f"be another, here and in the landing files: under this one we keep {reserved.holds}"
                require(free, f"dataset.columns[{column.name}].name", expected, column.name)

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """The columns of one role, in file order."""
        return tuple(column for column in self.columns if column.role == role)

    def column(self, name: str) -> Column:
        """The column called `name`.

        Raises:
            SpecError: the data set has none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise SpecError("dataset.columns", f"name one of {[column.name for column in self.columns]}", name)

    @property
    def features(self) -> tuple[Column, ...]:
        """What the model sees."""
        return self.with_role("feature")

    @property
    def id(self) -> Column:
        """The key of a row."""
        return self.with_role("id")[0]

    @property
    def label(self) -> Column:
        """What the model predicts."""
        return self.with_role("label")[0]

    @property
    def negative(self) -> str:
        """The label's other level."""
        return next(level for level in self.label.levels or () if level != self.positive)

    @property
    def event_time(self) -> Column | None:
        """When the event of a row happened; None where rows are states, not events."""
        return next(iter(self.with_role("event_time")), None)
