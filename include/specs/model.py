"""What a model is: one frozen value, written in one file of the catalog, refused when it cannot be meant."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.specs.cron import require_cron, require_daily
from include.specs.dataset import Column, Dataset, Kind
from include.specs.errors import require
from include.specs.groups import Fairness
from include.specs.job import STEPS, StepResources
from include.specs.limits import Limits, require_seed
from include.specs.metrics import metric
from include.specs.monitoring import Monitoring
from include.specs.tags import require_tags

Transform = Literal["standardise", "log_standardise", "as_is", "one_hot", "ordinal", "target_encode", "time_of_day"]
Value = bool | int | float | str | None
# What can be done to a column of each kind, its default first.
KIND_TRANSFORMS: Mapping[Kind, tuple[Transform, ...]] = {
    "numeric": ("standardise", "log_standardise", "as_is"),
    "categorical": ("one_hot", "ordinal", "target_encode"),
    "timestamp": ("time_of_day",),
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A person or team that answers for a model."""

    name: str
    email: str

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "owner.name", "not be blank", self.name)
        require(
            re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email) is not None,
            "owner.email",
            "be an e-mail address",
            self.email,
        )


@dataclass(frozen=True, kw_only=True)
class Split:
    """How rows are divided: each part's share of the rows; by event time where the data has one, else by entity where
    it has one, else stratified.

    The hold-out (`test`) is seen by no fit. `validation` chooses the decision threshold.
    """

    validation: float = 0.15
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, share in (("validation", self.validation), ("test", self.test)):
            require(0 < share < 1, f"split.{name}", "be within (0, 1)", share)
        require_seed(self.seed, "split.seed")
        require(self.validation + self.test < 1, "split", "leave rows to train on", (self.validation, self.test))


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """What is fitted: a class by its dotted path, its hyper-parameters, and the seed of all its randomness.

    Args:
        limits: hyper-parameter of the spec → between which numbers a run may set it. Of one without, a run's value is
            held to its type before anything starts, and to what scikit-learn takes by the training job alone.
        threads: that fit. Not the machine's number of cores: sums in another order differ in the last digits, and the
            same run would give another model on another instance type.
        checkpoint_every: the work between two checkpoints of a `HistGradientBoostingClassifier`, in rows × boosting
            iterations; others are fitted at once. Each costs a fifth of a second and a new start of the fit, so let it
            be what takes a minute or so; a fit that is shorter has none.
    """

    path: str
    hyperparameters: Mapping[str, Value] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    seed: int = 0
    threads: int = 1
    checkpoint_every: int | None = None

    def __post_init__(self) -> None:
        # Only what the job image holds can be fitted, and only scikit-learn's own types may be loaded back.
        require(self.path.startswith("sklearn."), "estimator.path", "be a class of scikit-learn", self.path)
        require_seed(self.seed, "estimator.seed")
        require(self.threads > 0, "estimator.threads", "be positive", self.threads)
        every = self.checkpoint_every
        require(every is None or every > 0, "estimator.checkpoint_every", "be positive", every)
        self._check_hyperparameters()

    def _check_hyperparameters(self) -> None:
        """What needs no scikit-learn: the names and ranges that the class has are refused by the training job."""
        for name, value in self.hyperparameters.items():
            at = f"estimator.hyperparameters.{name}"
            # The manifest keeps one seed, and that is the one that all randomness comes from.
            require(name != "random_state", at, "be left to estimator.seed", value)
            single = value is None or isinstance(value, bool | int | float | str)
            finite = not isinstance(value, float) or math.isfinite(value)
            require(single and finite, at, "be a finite number, a text, true, false or none", value)
        for name, limits in self.limits.items():
            known = sorted(self.hyperparameters)
            require(name in self.hyperparameters, "estimator.limits", f"name hyper-parameters, of {known}", name)
            value = self.hyperparameters[name]
            require(limits.hold(value), f"estimator.hyperparameters.{name}", f"be within {limits}", value)


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """How the probability threshold is chosen on the validation part.

    `max_f1`: the threshold with the largest F1. `precision`: the lowest threshold (the largest recall) whose precision
    is at least `target`. `fixed`: `target` itself.
    """

    rule: Literal["max_f1", "precision", "fixed"] = "max_f1"
    target: float = 0.5

    def __post_init__(self) -> None:
        require(
            self.rule in ("max_f1", "precision", "fixed"), "decision.rule", "be max_f1, precision or fixed", self.rule
        )
        require(0 < self.target < 1, "decision.target", "be within (0, 1)", self.target)

    @property
    def required_precision(self) -> float:
        """What the metric `recall_at_precision` asks for: the rule's own target, or one half.

        >>> DecisionRule(rule="precision", target=0.8).required_precision, DecisionRule().required_precision
        (0.8, 0.5)
        """
        return self.target if self.rule == "precision" else 0.5


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Groups that must not be left behind: every level of `columns` with at least `minimum_rows` hold-out rows of
    each class must reach `floor` on `metric`."""

    columns: tuple[str, ...]
    metric: str
    floor: float
    minimum_rows: int = 50

    def __post_init__(self) -> None:
        require(bool(self.columns), "gate.slices.columns", "name at least one column", self.columns)
        metric(self.metric, field="gate.slices.metric").require_value(self.floor, field="gate.slices.floor")
        require(self.minimum_rows > 0, "gate.slices.minimum_rows", "be positive", self.minimum_rows)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a candidate must reach to be registered.

    Args:
        thresholds: metric → the least (for log loss and Brier score: the largest) value.
        primary_metric: the one on which candidate and champion are compared.
        champion_rule: where in the 95 % interval of the paired difference the candidate fares worst, it must for
            `not_worse` lose at most `margin` (a non-inferiority test), and for `better` win.
        margin: how much worse, in units of the primary metric, is still acceptable.
    """

    thresholds: Mapping[str, float]
    primary_metric: str = "roc_auc"
    champion_rule: Literal["not_worse", "better"] = "not_worse"
    margin: float = 0.01
    slices: Slices | None = None

    def __post_init__(self) -> None:
        require(bool(self.thresholds), "gate.thresholds", "name at least one metric", self.thresholds)
        for name, value in self.thresholds.items():
            metric(name, field="gate.thresholds").require_value(value, field=f"gate.thresholds.{name}")
        metric(self.primary_metric, field="gate.primary_metric")
        rules = ("not_worse", "better")
        require(self.champion_rule in rules, "gate.champion_rule", f"be one of {rules}", self.champion_rule)
        require(0 <= self.margin < math.inf, "gate.margin", "be at least 0 and finite", self.margin)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Everything that sets one model apart from another. The same code serves them all.

    Args:
        name: also the model package group, the S3 prefix and the DAGs' prefix; lower case, at most 24 characters so
            that job names fit SageMaker's 63.
        ingestion_schedule: five-field cron, UTC, of every day: when the day before is ingested.
        training_schedule: five-field cron, UTC, of any days: when a model is trained whether anybody asks or not.
        retrain_on_ingestion: whether a new partition asks for a training run.
        features: column → transform, where it is not its kind's default (see `KIND_TRANSFORMS`). Text
            and ids have none: such columns need a role other than feature.
        step_resources: step (see `include.specs.job`) → what it runs on, where it is not the default.
        monitoring: how it is watched once it serves.
        fairness: the groups whose treatment is measured at evaluation and while it serves; None for none.
        tags: AWS tags on everything that is made for the model; the DAGs have their values.
    """

    name: str
    title: str
    owner: Owner
    description: str
    dataset: Dataset
    estimator: Estimator
    gate: Gate
    features: Mapping[str, Transform] = field(default_factory=dict)
    split: Split = field(default_factory=Split)
    decision: DecisionRule = field(default_factory=DecisionRule)
    monitoring: Monitoring = field(default_factory=Monitoring)
    fairness: Fairness | None = None
    step_resources: Mapping[str, StepResources] = field(default_factory=dict)
    ingestion_schedule: str = "0 2 * * *"
    training_schedule: str = "0 4 * * 1"
    retrain_on_ingestion: bool = True
    use_case: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = re.fullmatch(r"[a-z][a-z0-9-]{0,22}[a-z0-9]", self.name)
        require(named is not None, "name", "be 2 to 24 of a-z, 0-9 and -, starting with a letter", self.name)
        require(bool(self.title.strip()), "title", "not be blank", self.title)
        require_daily(self.ingestion_schedule, "ingestion_schedule")
        require_cron(self.training_schedule, "training_schedule")
        require_tags(self.tags, "tags")
        self._check_features()
        delay, looked_back = self.dataset.label_delay_days, self.monitoring.performance.history_days
        wanted = f"be less than monitoring.performance.history_days ({looked_back}): no label would be in time"
        require(delay < looked_back, "dataset.label_delay_days", wanted, delay)
        unknown = sorted(set(self.step_resources) - set(STEPS))
        require(not unknown, "step_resources", f"name steps of {sorted(STEPS)}", unknown)
        for step, resources in self.step_resources.items():
            can = STEPS[step].kind == "training"
            require(
                can or not resources.spot,
                f"step_resources.{step}.spot",
                "be False: SageMaker has spot for training",
                True,
            )

    def _check_features(self) -> None:
        columns = {column.name: column for column in self.dataset.features}
        for name in self.features:
            require(name in columns, "features", f"name feature columns, one of {sorted(columns)}", name)
        for column in columns.values():
            self._check_transform(column)
        for name in self.gate.slices.columns if self.gate.slices else ():
            kind = columns[name].kind if name in columns else "no feature"
            require(kind == "categorical", "gate.slices.columns", "name categorical features", name)
        named = {column.name for column in self.dataset.columns}
        for name in self.monitoring.input_columns:
            require(name in named, "monitoring.input_columns", "name columns of the data set", name)
        for group in self.fairness.groups if self.fairness else ():
            kind = columns[group.column].kind if group.column in columns else "no feature"
            fits = kind == ("numeric" if group.cuts else "categorical")
            wanted = "name categorical features, and numeric ones with cuts"
            require(fits, "fairness.groups", wanted, f"{group.column} ({kind}) with the cuts {group.cuts}")

    def _check_transform(self, column: Column) -> None:
        known = KIND_TRANSFORMS.get(column.kind, ())
        at = f"dataset.columns[{column.name}]"
        require(
            bool(known), at, "be numeric, categorical or a timestamp to be a feature; else give it a role", column.kind
        )
        transform = self.transform(column.name)
        where = f"features.{column.name}"
        require(transform in known, where, f"be one of {known} for a {column.kind} column", transform)
        positive = column.minimum is not None and column.minimum >= 0
        require(
            transform != "log_standardise" or positive, f"{at}.minimum", "be at least 0 for a logarithm", column.minimum
        )
        blank = column.missing and column.kind == "timestamp"
        require(not blank, f"{at}.missing", "be False for a timestamp feature", column.missing)

    def transform(self, name: str) -> Transform:
        """How the feature `name` enters the model: as the spec says, or its kind's default."""
        return self.features.get(name) or KIND_TRANSFORMS[self.dataset.column(name).kind][0]

    def resources(self, step: str) -> StepResources:
        """What `step` runs on."""
        return self.step_resources.get(step, StepResources())
