"""A model's flows, task by task as a scheduler would run them: the DAGs' own tasks and templates, no scheduler."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import io
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from airflow.sdk import DAG, BaseOperator, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped, TaskDeferred
from airflow.sdk.execution_time.comms import AssetEventResult
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.training import training_dag
from perennial.hooks.lake import Lake

from include.ml.data.synthetic import synthesise
from include.specs import catalog, codec, s3_layout
from include.specs.dataset import Dataset
from include.specs.incidents import FAILURES, FailureReport
from include.specs.model import Estimator, Gate, ModelSpec
from include.specs.partition import PartitionRef
from laptop.settings import BUCKET, TOPIC_PREFIX
from tests.faults.place import Place
from tests.faults.triggerer import fired
from tests.shared.airflow_context import RUN_AFTER, Try, kept_event, task_context, try_id

ROWS = 400
# Airflow keeps the DAG that is being written in a place that all threads share.
_ONE_AT_A_TIME = threading.Lock()
# Of whatever run and task: no two tries have an id or a start in common.
_TRIES = itertools.count(1)


def small(name: str, **dataset: Any) -> ModelSpec:
    """The churn model under another name, fitted in a blink and let through by a gate that asks for little.

    Args:
        dataset: fields of the data set that are to be otherwise.
    """
    churn = catalog.model("churn")
    return dataclasses.replace(
        churn,
        name=name,
        dataset=dataclasses.replace(churn.dataset, **dataset),
        estimator=Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"C": 0.1}),
        features={},
        gate=Gate(thresholds={"roc_auc": 0.55, "brier": 0.25}),
    )


def rows(dataset: Dataset, *, count: int = ROWS, seed: int = 1) -> list[dict[str, str]]:
    """Made-up rows as text, to be spoilt by a test."""
    table = synthesise(dataset, rows=count, seed=seed, until=dt.date(2026, 1, 1))
    text = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    return [{name: cell or "" for name, cell in row.items()} for row in text.to_pylist()]


def as_csv(found: list[dict[str, str]]) -> bytes:
    """A landing file of these rows; the first one's keys are the header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode()


@dataclass
class Run:
    """One DAG run.

    Args:
        states: its tasks' last states. results: what they returned. events: what they emitted. tries: the last of each.
        cleared: how many tries a task had when the run was cleared last. waited: how often it waited in the triggerer.
        kept: what Airflow keeps of all that any run has emitted.
    """

    build: Callable[[], DAG]
    context: Mapping[str, Any]
    states: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tries: dict[str, Try] = field(default_factory=dict)
    cleared: Mapping[str, int] = field(default_factory=dict)
    waited: Counter[str] = field(default_factory=Counter)
    kept: list[AssetEventResult] = field(default_factory=list)

    def execute(self, task_id: str, *, meanwhile: Callable[[], object] = lambda: None) -> Any:
        """One try of a task, whatever was tried before: a new object, as in a new process. What it raises is raised.

        Args:
            meanwhile: done when the task has waited in the triggerer, before it goes on.
        """
        self.tries[task_id] = self._next_try(task_id)
        task, context = self._prepared(task_id)
        self.states[task_id] = "failed"
        try:
            self.results[task_id] = self._executed(task, context, meanwhile)
        except AirflowSkipException:
            self.states[task_id] = "skipped"
            raise
        except DownstreamTasksSkipped as branch:
            self.states |= dict.fromkeys((skipped for skipped, _ in branch.tasks), "skipped")
        self.states[task_id] = "success"
        self._keep_events(task, context)
        return self.results.get(task_id)

    def clear(self) -> Run:
        """The same run, as a clear or a backfill makes it anew: each task to do again, in tries beyond those it had."""
        self.cleared = {task_id: mine.number for task_id, mine in self.tries.items()}
        self.states.clear()
        self.events.clear()
        return self

    def finish(self) -> Run:
        """Run every task that has no state yet and whose turn comes, in order; the first failure ends it."""
        return self.finish_until("")

    def finish_until(self, task_id: str) -> Run:
        """The same, up to before `task_id`."""
        for task in self.build().topological_sort():
            if task.task_id == task_id:
                break
            if task.task_id not in self.states:
                self._take_its_turn(task)
        return self

    def failure_context(self, task_id: str, reason: str = "task_failure") -> dict[str, Any]:
        """What Airflow gives to the DAG's failure callback when `task_id` has failed for good."""
        dag = self.build()
        context = self._context(dag.get_task(task_id))
        return {**context, "dag": dag, "run_id": context["dag_run"].run_id, "reason": reason}

    def _task(self, task_id: str) -> BaseOperator:
        with _ONE_AT_A_TIME:
            return self.build().get_task(task_id)

    def _next_try(self, task_id: str) -> Try:
        number, had = next(_TRIES), self.tries.get(task_id)
        return Try(
            number=had.number + 1 if had else 1,
            id=try_id(number),
            start_date=RUN_AFTER + dt.timedelta(seconds=number),
            max_tries=self.cleared.get(task_id, 0) + self._task(task_id).retries,
        )

    def _prepared(self, task_id: str) -> tuple[BaseOperator, Any]:
        """What a process that is to carry a task on has of it."""
        task = self._task(task_id)
        context = self._context(task)
        task.render_template_fields(context)
        return task, context

    def _executed(self, task: BaseOperator, context: Any, meanwhile: Callable[[], object]) -> Any:
        try:
            return task.execute(context)
        except TaskDeferred as deferred:
            return self._resumed(task.task_id, deferred, meanwhile)

    def _resumed(self, task_id: str, deferred: TaskDeferred, meanwhile: Callable[[], object]) -> Any:
        """What a task returns that has waited in the triggerer: it goes on elsewhere, and may wait once more."""
        kwargs = {**(deferred.kwargs or {}), "event": fired(deferred.trigger)}
        self.waited[task_id] += 1
        meanwhile()
        task, context = self._prepared(task_id)
        try:
            return task.resume_execution(deferred.method_name, kwargs, context)
        except TaskDeferred as again:
            return self._resumed(task_id, again, meanwhile)

    def _take_its_turn(self, task: BaseOperator) -> None:
        before = {self.states[upstream] for upstream in task.upstream_task_ids}
        one_is_enough = task.trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
        if before <= {"success"} or (one_is_enough and "success" in before):
            with contextlib.suppress(AirflowSkipException):
                self.execute(task.task_id)
        else:
            self.states[task.task_id] = "skipped"

    def _context(self, task: BaseOperator) -> dict[str, Any]:
        params = task.dag.params.dump() | dict(self.context.get("params", {}))
        attempt = self.tries.get(task.task_id)
        own = {"dag_id": task.dag.dag_id, "task": task, "results": self.results, "params": params}
        more = {**own, "attempt": attempt, "kept": self.kept}
        return task_context(**{**self.context, **more})

    def _keep_events(self, task: BaseOperator, context: Mapping[str, Any]) -> None:
        for asset in task.outlets:
            extra = dict(context["outlet_events"][asset].extra)
            self.events.setdefault(asset.name, []).append(extra)
            self.kept.append(kept_event(asset.name, extra, context["dag_run"]))


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The two flows of a model at a place, and what lies in its lake and registry. Nothing is shared between models."""

    spec: ModelSpec
    place: Place
    kept: list[AssetEventResult] = field(default_factory=list)  # events of assets, as Airflow does

    def __post_init__(self) -> None:
        self.place.client("sns").create_topic(Name=TOPIC_PREFIX.rsplit(":", 1)[1] + self.spec.name)

    def land(self, date: dt.date, content: bytes | None = None, *, name: str = "data.csv", origin: str = "") -> str:
        """Drop a file as a producer does, made-up rows unless others are given; its key."""
        key = s3_layout.landing(self.spec.name, date) + name
        body = as_csv(rows(self.spec.dataset)) if content is None else content
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"origin": origin} if origin else {})
        return key

    def ingestion(self, date: dt.date, *, asked: bool = False, run_type: str = "scheduled", **context: Any) -> Run:
        """A run of the ingestion that has not begun.

        Args:
            asked: whether a person asked for the date, by hand.
        """
        start = dt.datetime.combine(date, dt.time(2), dt.UTC)
        end = start + dt.timedelta(days=1)
        given = {"interval": (start, end), "run_type": run_type, "run_id": f"{run_type}__{end.isoformat()}"}
        if asked:
            given = {"params": {"date": date.isoformat()}, "run_id": f"manual__{date}"}
        context = {"run_after": end, **given, **context}
        return Run(build=lambda: ingestion_dag(self.spec), context=context, kept=self.kept)

    def ingest(self, date: dt.date, **context: Any) -> Run:
        """A run of the ingestion, all of it."""
        return self.ingestion(date, **context).finish()

    def training(self, run_id: str = "manual__1", **context: Any) -> Run:
        """A run of the training that has not begun."""
        return Run(build=lambda: training_dag(self.spec), context={"run_id": run_id, **context}, kept=self.kept)

    def train(self, run_id: str = "manual__1", **context: Any) -> Run:
        """A run of the training, all of it."""
        return self.training(run_id, **context).finish()

    @property
    def s3(self) -> Any:
        """S3 as others than the flows use it."""
        return self.place.client("s3")

    def partitions(self) -> tuple[PartitionRef, ...]:
        """What a reader of the lake sees."""
        return Lake(BUCKET, s3=self.s3).partitions(self.spec.name)

    def keys(self, room: str) -> list[str]:
        """The model's keys in one of the lake's rooms, such as `raw`."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{room}/{self.spec.name}/")
        return [entry["Key"] for entry in found.get("Contents", [])]

    def failures(self) -> list[FailureReport]:
        """Why tasks of the model's runs have failed, the last failed try of each."""
        return [self.read_as(FailureReport, key) for key in self.keys("experiments") if f"/{FAILURES}" in key]

    def written(self, room: str) -> dict[str, tuple[str, ...]]:
        """Every write that a room of the lake has seen, deletions too: key → versions, the newest first."""
        found = self.s3.list_object_versions(Bucket=BUCKET, Prefix=f"{room}/{self.spec.name}/")
        versions: dict[str, tuple[str, ...]] = {}
        for entry in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
            versions[entry["Key"]] = (*versions.get(entry["Key"], ()), entry["VersionId"])
        return versions

    def read(self, key: str) -> bytes:
        """An object."""
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def read_as[T](self, cls: type[T], key: str) -> T:
        """The `cls` that an object holds."""
        return codec.decode(cls, self.read(key), source=key)

    def put(self, key: str, body: bytes) -> None:
        """Put an object, past all that would normally write it."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def remove(self, key: str) -> None:
        """Delete an object, past all that would normally delete it."""
        self.s3.delete_object(Bucket=BUCKET, Key=key)

    def log(self, job: str, kind: str = "Processing") -> str:
        """What a job has said."""
        logs, group = self.place.client("logs"), f"/aws/sagemaker/{kind}Jobs"
        [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
        return "\n".join(event["message"] for event in events["events"])

    def jobs(self, kind: str = "Processing") -> list[str]:
        """The names of the model's jobs of a kind."""
        lists = self.place.client("sagemaker").get_paginator(f"list_{kind.lower()}_jobs")
        pages = lists.paginate(NameContains=self.spec.name, PaginationConfig={"PageSize": 100})
        return [job[f"{kind}JobName"] for page in pages for job in page[f"{kind}JobSummaries"]]

    def packages(self) -> list[dict[str, Any]]:
        """The registered versions, first version first, described."""
        sagemaker = self.place.client("sagemaker")
        groups = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=self.spec.name)
        names = {group["ModelPackageGroupName"] for page in groups for group in page["ModelPackageGroupSummaryList"]}
        if self.spec.name not in names:
            return []
        lists = sagemaker.get_paginator("list_model_packages")
        pages = lists.paginate(ModelPackageGroupName=self.spec.name, SortOrder="Ascending")
        arns = [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
        return [sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns]


def flow_of(flow: Flow, **dataset: Any) -> Flow:
    """The same model with some fields of its data set otherwise."""
    return Flow(spec=small(flow.spec.name, **dataset), place=flow.place)
