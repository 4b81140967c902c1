"""What every DAG has."""

from airflow.sdk import DAG, BaseOperator
from perennial.flows import common

from include.specs.model import ModelSpec


def test_page_says_whose_it_is(spec: ModelSpec) -> None:
    """Title, purpose, owner with address, and then what the flow does, without blank ends."""
    page = common.doc_md(spec, "\nWhat it does.\n")
    assert page.startswith(f"# {spec.title}\n\n{spec.description}\n")
    assert f"{spec.owner.name} <{spec.owner.email}>" in page
    assert page.endswith("\n\nWhat it does.\n")


def test_tags_are_sorted_and_once_each(spec: ModelSpec) -> None:
    """The same tags in the same order, whatever order the spec has them in."""
    tags = common.tags(spec, "training")
    assert tags == sorted(set(tags))


def test_returned_refers_to_one_entry() -> None:
    """A reference knows its task and its key, and makes whoever uses it depend on that task."""
    with DAG("d", schedule=None):
        reference = common.returned(BaseOperator(task_id="resolve"), "config_key")
    assert (reference.operator.task_id, reference.key) == ("resolve", "config_key")
