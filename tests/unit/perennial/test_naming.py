"""Names decide identity, so they must be legal, stable, and different where what they name is."""

import dataclasses
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from perennial import naming

from include.specs import codec
from include.specs.model import ModelSpec
from include.specs.run import Champion, Provenance, TrainingRun

MODELS = st.from_regex(r"[a-z][a-z0-9-]{0,22}[a-z0-9]", fullmatch=True)
TASKS = st.tuples(st.text(max_size=80), st.text(max_size=200), st.integers(-1, 1000))
# CreateProcessingJob, CreateTrainingJob: the pattern of their job names.
LEGAL = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@given(model=MODELS, step=MODELS, task=TASKS, generation=st.integers(1, 10**6))
def test_job_name_is_legal(model: str, step: str, task: tuple[str, str, int], generation: int) -> None:
    """Whatever a run is called, SageMaker takes the name of its jobs."""
    name = naming.job_name(model, step, task=task, configuration={"a": 1}, generation=generation)
    assert len(name) <= 63
    assert LEGAL.fullmatch(name)
    assert name.startswith(model[:10])


@given(task=TASKS, other=TASKS)
def test_job_name_is_that_of_its_task(task: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    """Two task instances share a name exactly when they are the same."""
    names = [naming.job_name("churn", "train", task=each, configuration={}) for each in (task, other)]
    assert (names[0] == names[1]) == (task == other)


def test_job_name_ignores_the_order_of_fields() -> None:
    """The same configuration, built in another order, is the same job."""
    task = ("d", "r", -1)
    one = naming.job_name("churn", "train", task=task, configuration={"a": 1, "b": {"c": 2, "d": 3}})
    assert one == naming.job_name("churn", "train", task=task, configuration={"b": {"d": 3, "c": 2}, "a": 1})


@given(st.dictionaries(st.text(max_size=5), st.integers()), st.dictionaries(st.text(max_size=5), st.integers()))
def test_job_name_follows_the_configuration(one: dict[str, int], other: dict[str, int]) -> None:
    """Another configuration is another job, even for the same task."""
    names = {naming.job_name("churn", "train", task=("d", "r", -1), configuration=each) for each in (one, other)}
    assert len(names) == (1 if one == other else 2)


def test_job_name_of_a_fresh_start() -> None:
    """The first job has no number, and each fresh start counts on."""
    first, second, third = (
        naming.job_name("churn", "train", task=("d", "r", -1), configuration={}, generation=n) for n in (1, 2, 3)
    )
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_job_name_keeps_what_makes_it_distinct_when_it_is_cut() -> None:
    """A name that is too long loses of its readable part, never of its digest or its number."""
    task = ("d", "r", -1)
    long = naming.job_name("m" * 60, "train", task=task, configuration={}, generation=12)
    assert len(long) == 63
    assert re.search(r"-[0-9a-f]{12}-12$", long)


def _decisive(run: TrainingRun) -> str:
    return naming.digest(naming.decisive(codec.encode(run)))


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("", {"past_window": True}),
        ("provenance", {"reason": "backfill run"}),
        ("provenance", {"run_url": "https://elsewhere"}),
        ("champion", {"approval_status": "PendingManualApproval"}),
    ],
)
def test_what_decides_no_result_is_not_decisive(
    churn: ModelSpec, training_run: Callable[..., TrainingRun], champion: Champion, part: str, changed: dict[str, str]
) -> None:
    """The same run, seen at another time or for another reason, has the same jobs."""
    run = training_run(churn, champion=champion)
    moved = changed if not part else {part: dataclasses.replace(getattr(run, part), **changed)}
    assert _decisive(dataclasses.replace(run, **moved)) == _decisive(run)


def test_all_else_is_decisive(
    churn: ModelSpec, training_run: Callable[..., TrainingRun], champion: Champion, provenance: Provenance
) -> None:
    """Another spec, other data, another champion, or none, and other code are other jobs."""
    run = training_run(churn, champion=champion)
    changes = [
        {"model": dataclasses.replace(churn, use_case="another")},
        {"partitions": run.partitions * 2},
        {"champion": None},
        {"champion": dataclasses.replace(champion, version=4)},
        {"provenance": dataclasses.replace(provenance, code_version="fedcba9")},
    ]
    found = {_decisive(dataclasses.replace(run, **each)) for each in ({}, *changes)}
    assert len(found) == 1 + len(changes)


@given(st.text(max_size=40), st.text(max_size=250), st.text(max_size=250))
def test_run_slug_is_safe_and_distinct(dag_id: str, run_id: str, other: str) -> None:
    """A run's name is a safe part of an S3 key, and no two runs of a DAG share one."""
    slug = naming.run_slug(dag_id, run_id)
    assert re.fullmatch(r"[a-z0-9-]{1,57}", slug)
    assert (naming.run_slug(dag_id, other) == slug) == (other == run_id)


def test_run_slug_tells_apart_what_reads_alike() -> None:
    """Run ids that differ only in what is unsafe, and runs of two DAGs, have names of their own."""
    slugs = {naming.run_slug(dag, run) for dag in ("a", "b") for run in ("x+y", "x:y", "X-Y", "x-y")}
    assert len(slugs) == 8
