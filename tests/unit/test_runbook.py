"""The runbook has what its readers are sent to: each fault that a message can name, and what else a person may meet."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from airflow.sdk import DAG
from perennial import drift_notice, landing_notice, quality_notice, quotas, retries
from perennial.flows.common import TRIES
from perennial.flows.drift import drift_dag
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.performance import performance_dag
from perennial.flows.training import training_dag
from perennial.operators import notify

from include.specs import catalog
from include.specs.model import ModelSpec

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
PLUGINS = ROOT / "plugins"
FEWEST_SKIPS = 8
SECTIONS = {part.partition("\n")[0]: " ".join(part.split()) for part in RUNBOOK.split("\n## ")[1:]}
OPENING = RUNBOOK.partition("\n## ")[0]
VERDICTS = {
    **{f"traffic-{verdict}": words for verdict, words in drift_notice.SUBJECTS.items()},
    **{f"quality-{verdict}": words for verdict, words in quality_notice.SUBJECTS.items()},
    **landing_notice.SUBJECTS,
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
    assert any(told.startswith(f"m: {sight}") for sight in sights if sight)
    assert "**To do:**" in SECTIONS[section]


def test_whoever_finds_a_skipped_task_finds_why() -> None:
    """Each sentence that a task is skipped with is there, as far as it is the same each time."""
    found = {
        " ".join(part.split())
        for file in PLUGINS.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "AirflowSkipException"
        for text in call.args
        for part in [max(_constants(text), key=len, default="")]
    } - {""}
    assert len(found) > FEWEST_SKIPS
    rest = re.sub(r"[*…]", "", SECTIONS["skipped"])
    assert not {part for part in found if part.strip(" :()") not in " ".join(rest.split())}


def _constants(text: ast.expr) -> list[str]:
    return [
        str(part.value) for part in ast.walk(text) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def test_times_are_those_of_the_table() -> None:
    """How long a limit is waited for, within the tries and between them, and how often a call is tried."""
    waits_min = [retries.LIMIT.first_s * 2**n / 60 for n in range(TRIES - 1)]  # type: ignore[operator]  # a limit passes
    assert 60 * max(waits_min) <= retries.LIMIT.longest_s
    assert f"between the tries lay {sum(waits_min) / 2:.0f} to {sum(waits_min):.0f} minutes in all" in SECTIONS["limit"]
    assert (quotas.ASK_EVERY_S, quotas.ASKS * quotas.ASK_EVERY_S * 0.75) == (120, 2 * 3600)
    assert "every one or two minutes for some two hours" in SECTIONS["limit"]
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


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_link_to_another_page_leads_to_a_section_of_it(page: Path) -> None:
    """From the runbook, and to it."""
    for other, anchor in re.findall(r"\]\(([\w.-]+\.md)#([^)]+)\)", page.read_text(encoding="utf-8")):
        headings = re.findall(r"^#+ (.+)$", (page.parent / other).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, other


GAP = "…"  # what a message is filled in with, as a page writes it


def _words(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    """What an expression says whatever its values are."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub("%[sd]", GAP, text)
        case ast.JoinedStr(values=parts):
            return "".join(_words(part, known) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Name(id=name) if name in known:
            return _words(known[name], {})
        case ast.BinOp(left=left, op=ast.Add()):
            return _words(left, known) + GAP
    return GAP


def _texts(nodes: Iterator[tuple[ast.expr, Mapping[str, ast.expr]]]) -> set[str]:
    """Of what has any words of its own."""
    return {text for node, known in nodes if re.search(r"\w", text := _words(node, known))}


def _functions(folder: str) -> Iterator[tuple[ast.FunctionDef, dict[str, ast.expr]]]:
    """Each function in the files of a folder, and what it gives names to."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                named = [each for each in ast.walk(node) if isinstance(each, ast.Assign)]
                yield (
                    node,
                    {
                        target.id: each.value
                        for each in named
                        for target in each.targets
                        if isinstance(target, ast.Name)
                    },
                )


def _logged() -> Iterator[tuple[ast.expr, Mapping[str, ast.expr]]]:
    """What goes wrong where nobody can be told: it is logged with its traceback."""
    for function, known in _functions("plugins"):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "exception":
                yield node.args[0], known


def _exits() -> Iterator[tuple[ast.expr, Mapping[str, ast.expr]]]:
    """What a command of the laptop ends with, after `error:`."""
    for function, known in _functions("laptop"):
        for node in ast.walk(function):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id="LaptopError" | "FlowError" | "LossError"), args=[told])):
                    yield told, known


def _sights(page: str) -> list[re.Pattern[str]]:
    """What the page quotes as something that a person sees."""
    quoted = [found[0] or found[1] for found in re.findall("`` (.+?) ``|`([^`]+?)`", page)]
    # A single word is a task, an option or a file.
    parts = [[re.escape(part) for part in sight.split("…")] for sight in quoted if re.search("[ …]", sight)]
    return [re.compile(".*".join(each), re.DOTALL) for each in parts if any(each)]


@pytest.mark.parametrize("text", sorted(_texts(_logged())))
def test_what_is_only_logged_is_found_from_its_words(text: str) -> None:
    """The page opens with it."""
    assert any(sight.search(text) for sight in _sights(OPENING)), text


@pytest.mark.parametrize("text", sorted(_texts(_exits())))
def test_an_exit_of_the_laptop_is_found_from_its_words(text: str) -> None:
    """Its section has it, with what to do."""
    assert "| `error: …` of `make run`, `make up` or `make down` | [on a laptop](#on-a-laptop) |" in OPENING
    assert any(sight.search(text) for sight in _sights(SECTIONS["on a laptop"])), text


def test_messages_are_found_where_they_are_made() -> None:
    """The two tests above look at something."""
    assert len(_texts(_logged())) >= 4
    assert len(_texts(_exits())) >= 20
