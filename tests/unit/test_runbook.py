"""The runbook has what its readers are sent to: a section for each fault that a message can name."""

import re
from pathlib import Path

import pytest
from perennial import drift_notice, quality_notice, retries

RUNBOOK = (Path(__file__).parents[2] / "docs/runbook.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: " ".join(part.split()) for part in RUNBOOK.split("\n## ")[1:]}
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


def test_every_link_leads_to_a_section() -> None:
    """As the page's reader makes anchors of headings."""
    anchors = {heading.lower().replace(" ", "-") for heading in SECTIONS}
    linked = set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK))
    assert linked <= anchors
    assert len(linked) > len(FAULTS)
