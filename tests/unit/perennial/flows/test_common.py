"""What every DAG has."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.serialization.serialized_objects import DagSerialization
from perennial import quotas, retries
from perennial.flows import common, drift, ingestion

from include.specs.job import EVALUATE, PREPROCESS, TRAIN, StepResources
from include.specs.model import ModelSpec
from include.specs.tags import LONGEST_VALUE

ROOT = Path(__file__).parents[4]


def test_page_says_whose_it_is(spec: ModelSpec) -> None:
    """Title, purpose, owner with address, and then what the flow does, without blank ends."""
    page = common.doc_md(spec, "\nWhat it does.\n")
    assert page.startswith(f"# {spec.title}\n\n{spec.description}\n")
    assert f"{spec.owner.name} <{spec.owner.email}>" in page
    assert page.endswith("\n\nWhat it does.\n")


def test_page_ends_with_how_to_run_days_again(spec: ModelSpec) -> None:
    """A command that can be copied, where a flow has days."""
    page = common.doc_md(spec, "What it does.", backfill=common.backfill_command("churn_ingestion", at_once=4))
    assert page.endswith(
        "\n    airflow backfill create --dag-id churn_ingestion --from-date 2026-03-01T00:00:00+00:00"
        " --to-date 2026-03-05T23:59:59+00:00 --max-active-runs 4\n"
    )


@pytest.mark.parametrize(("flow", "at_once"), [("ingestion", ingestion.AT_ONCE), ("drift", drift.AT_ONCE)])
def test_runbook_has_the_command_of_the_page(flow: str, at_once: int) -> None:
    """As the DAG's own page has it: with the last day, and with as many runs at a time as the DAG allows."""
    assert common.backfill_command(f"<model>_{flow}", at_once=at_once) in (ROOT / "docs/runbook.md").read_text()


@pytest.mark.parametrize("schedule", ["0 2 * * *", "0 0 * * *", "59 23 * * *"])
def test_a_backfill_has_its_first_and_its_last_day(schedule: str) -> None:
    """Whatever hour the days' runs are at, each of the days once, and no other."""
    period = re.findall(r"-date (\S+)", common.backfill_command("d", at_once=1))
    with DAG("d", schedule=common.daily(schedule)) as dag:
        again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    found = again.iter_dagrun_infos_between(*map(dt.datetime.fromisoformat, period))
    assert [info.logical_date.date() for info in found] == [dt.date(2026, 3, day) for day in range(1, 6)]


def test_run_outlasts_every_wait_for_a_quota(spec: ModelSpec) -> None:
    """However short its jobs are: who waits in vain is told of the quota, and not of a run that took too long."""
    steps = (PREPROCESS, TRAIN, EVALUATE)
    short = dataclasses.replace(spec, step_resources={step.name: StepResources(max_run_s=60) for step in steps})
    between_s = sum(retries.LIMIT.longest_s for _ in range(1, common.TRIES))
    waits_s = len(steps) * (common.TRIES * quotas.LONGEST_S + between_s)
    assert common.longest(short, steps).total_seconds() > waits_s


def test_tags_are_sorted_and_once_each(spec: ModelSpec) -> None:
    """The same tags in the same order, whatever order the spec has them in."""
    tags = common.tags(spec, "training")
    assert tags == sorted(set(tags))


def test_longest_tag_is_airflows(churn: ModelSpec) -> None:
    """What a spec may have as a tag, a DAG may; what is longer, neither."""
    longest = dataclasses.replace(churn, tags={"k": "v" * LONGEST_VALUE})
    assert DAG("d", schedule=None, tags=common.tags(longest, "training"))
    with pytest.raises(ValueError, match=f"longer than {LONGEST_VALUE}"):
        DAG("d", schedule=None, tags=["v" * (LONGEST_VALUE + 1)])


def test_returned_refers_to_one_entry() -> None:
    """A reference knows its task and its key, and makes whoever uses it depend on that task."""
    with DAG("d", schedule=None):
        reference = common.returned(BaseOperator(task_id="resolve"), "config_key")
    assert (reference.operator.task_id, reference.key) == ("resolve", "config_key")
