"""The runbook has what its readers are sent to: a section for each fault that a message can name."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.sdk import DAG
from perennial import drift_notice, quality_notice, retries
from perennial.flows.common import TRIES
from perennial.flows.drift import drift_dag
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.performance import performance_dag
from perennial.flows.training import training_dag
from perennial.operators import notify

from include.specs import catalog
from include.specs.model import ModelSpec

RUNBOOK = (Path(__file__).parents[2] / "docs/runbook.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: " ".join(part.split()) for part in RUNBOOK.split("\n## ")[1:]}
OPENING = RUNBOOK.partition("\n## ")[0]
VERDICTS = {
    **{f"traffic-{verdict}": words for verdict, words in drift_notice.SUBJECTS.items()},
    **{f"quality-{verdict}": words for verdict, words in quality_notice.SUBJECTS.items()},
}
FAULTS = sorted({fault.name for fault in retries.TABLE})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_section_that_says_what_to_do(fault: str) -> None:
    """A message's `runbook` line ends in the fault's name."""
    assert "**To do:**" in SECTIONS[fault]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_from_its_message(fault: str) -> None:
    """The page opens with what a person sees, and where to go from there."""
    assert f"| `… failed ({fault})` | [{fault}](#{fault}) |" in RUNBOOK


@pytest.mark.parametrize(("section", "sight"), VERDICTS.items())
def test_a_verdict_on_a_day_has_a_section(section: str, sight: str) -> None:
    """It is found from the words of its message."""
    assert "**To do:**" in SECTIONS[section]
    assert f"| `{sight}` | [{section}](#{section}) |" in RUNBOOK


@pytest.mark.parametrize("past_window", [False, True])
@pytest.mark.parametrize(("verdict", "section"), notify.SECTIONS.items())
def test_a_verdict_on_a_candidate_has_a_section(verdict: str, section: str, past_window: bool) -> None:
    """It is found from the words of its message too, whatever the version's number."""
    told = notify.subject({"model": "m", "verdict": verdict, "version": 7, "past_window": past_window})
    [row] = [row for row in OPENING.splitlines() if row.endswith(f"| [{section}](#{section}) |")]
    sights = [
        sight.partition("…")[0].rstrip().replace("version N", "version 7") for sight in re.findall("`(.*?)`", row)
    ]
    assert any(told.startswith(f"m: {sight}") for sight in sights)
    assert "**To do:**" in SECTIONS[section]


def test_times_are_those_of_the_table() -> None:
    """How long a limit is waited for, from the first try to the last, and how often a call is tried."""
    waits_min = [retries.LIMIT.first_s * 2**n / 60 for n in range(TRIES - 1)]  # type: ignore[operator]  # a limit passes
    assert 60 * max(waits_min) <= retries.LIMIT.longest_s
    assert f"the last {sum(waits_min) / 2:.0f} to {sum(waits_min):.0f} minutes after the first" in SECTIONS["limit"]
    assert f"4 tries, each with {1 + retries.CALL_RETRIES['max_attempts']} attempts a call" in RUNBOOK


@pytest.mark.parametrize("build", [ingestion_dag, training_dag, drift_dag, performance_dag])
def test_first_tasks_are_named(build: Callable[[ModelSpec], DAG]) -> None:
    """They pin what a run goes by: who has corrected that has to clear them."""
    [first] = build(catalog.model("churn")).roots
    assert f"`{first.task_id}`" in OPENING


def test_every_link_leads_to_a_section() -> None:
    """As the page's reader makes anchors of headings."""
    anchors = {heading.lower().replace(" ", "-") for heading in SECTIONS}
    linked = set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK))
    assert linked <= anchors
    assert len(linked) > len(FAULTS)
