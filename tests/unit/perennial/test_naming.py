"""Names decide identity, so they must be legal, stable, and different where what they name is."""

import re

from hypothesis import given
from hypothesis import strategies as st
from perennial import naming

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
