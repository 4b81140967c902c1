"""The page that a person approves a version from."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.ml.reporting.evaluation_page import evaluation_page
from include.specs.reports import DataReport, GateReport, GateRule, GroupFairness
from tests.unit.ml.reporting.conftest import ESTIMATE
from tests.unit.ml.reporting.markup import reading, stands_alone

ROOT = Path(__file__).parents[4]


def page(facts) -> str:
    """The page of `facts`."""
    return evaluation_page(**{field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)})


def text(facts) -> str:
    """What a person reads, in one line."""
    return reading(page(facts))


def with_rules(facts, *rules: GateRule):
    """`facts` with another verdict."""
    return dataclasses.replace(facts, verdict=GateReport(verdict="reject", rules=rules, reasons="Too weak."))


@pytest.mark.parametrize("case", ["facts", "compared"])
def test_the_page_stands_alone(case, request):
    """No script, nothing fetched from anywhere, well nested, small; the only address is the run's own."""
    found = page(request.getfixturevalue(case))
    stands_alone(found, "https://airflow.example/run")
    assert len(found.encode()) < 300_000


def test_the_same_run_gives_the_same_bytes(compared):
    """Nothing of the clock, of memory addresses or of earlier pages is in it."""
    assert page(compared) == page(compared)


def test_the_verdict_and_every_rule_are_told(facts):
    """Verdict, reason, and each rule with observation, requirement and outcome."""
    assert "Passed: to be registered All 2 rules hold." in text(facts)
    assert "roc_auc &gt;= 0.8 0.8123 0.8000 ✓ holds" in text(facts)


def test_a_rejection_is_told_as_one(facts):
    """A broken rule is marked, also where it is a slice's."""
    weak = GateRule(rule="roc_auc >= 0.7 where gender=Female", observed=0.6, required=0.7, passed=False)
    found = text(with_rules(facts, weak))
    assert "Rejected Too weak." in found
    assert found.count("✗ broken") == 2


def test_numbers_that_are_close_are_told_apart(facts):
    """What was observed never reads like what was required where the rule is broken."""
    near = GateRule(rule="roc_auc >= 0.85", observed=0.849996, required=0.85, passed=False)
    assert "0.849996 0.850000" in text(with_rules(facts, near))


def test_made_up_data_is_said_in_words_at_the_top(facts):
    """Before the verdict stands that the rows were generated; real data has no such notice."""
    made_up = dataclasses.replace(
        facts,
        evaluation=dataclasses.replace(
            facts.evaluation, data=DataReport(rows=1409, positives=374, sha256="5" * 64, synthetic=True)
        ),
    )
    found = text(made_up)
    assert 0 < found.index("Made-up data.") < found.index("Passed: to be registered")
    assert "Made-up data" not in text(facts)


def test_without_a_champion_the_page_says_so(facts):
    """A reader sees that nothing was compared, and finds no empty columns."""
    found = text(facts)
    assert "There is no champion to compare with: the thresholds alone decide." in found
    assert "Difference" not in found


def test_a_champion_is_laid_over_the_candidate(compared):
    """Its metrics, the paired differences with the clear ones coloured, and its curves."""
    found = page(compared)
    assert "Champion (version 12)" in found
    assert found.count('<polyline class="champion"') == 3
    assert re.findall(r'class="e (better|worse)"', found) == ["better", "worse"]
    assert "no champion" not in text(compared)


def test_a_champion_that_could_not_be_compared_is_mentioned(facts, compared):
    """Too few rows that it was not fitted on: the page says why there is no comparison."""
    assert "too few rows that champion version 12 was not fitted on" in text(
        dataclasses.replace(compared, evaluation=facts.evaluation)
    )


def test_everything_of_the_run_is_there(facts):
    """Data, partitions, digests, hyper-parameters, code and reason: what an auditor asks for."""
    found = text(facts)
    for fact in (
        "1,409", "374", "hold-out", "17 rows left out: without a label", "2026-03-01", "7,043", "5" * 64, "7" * 64,
        "max_iter=200", "scikit-learn 1.9.0", "abc123", "asked for by hand", "churn_training · manual__1",
        "301", "299", "73", "736", "0.3100",
    ):  # fmt: skip
        assert fact in found, fact
    # The file's own bytes differ between processes, so its digest would make the page differ.
    assert "6" * 64 not in found


def test_drivers_are_ranked_and_those_without_weight_are_counted(facts):
    """The strongest column has the longest bar; a column that changes nothing has none."""
    found = page(facts)
    assert found.index("<th>tenure</th>") < found.index("<th>Contract</th>")
    assert '<i style="width:100.0%">' in found
    assert '<i style="width:62.5%">' in found
    assert "1 more columns matter less" in found


def test_a_slice_that_is_too_small_is_not_judged(facts):
    """It is listed with its rows, and says that it does not count."""
    assert "gender=Male 3 0 one class only too small to judge" in text(facts)


def test_groups_are_told_with_every_measure(facts):
    """One that is not defined says so, and so does a group that is too small; without groups there is no section."""
    measured = GroupFairness(
        rows=700, called=300, other_rows=709, other_called=300, positives=180, other_positives=194,
        measures=dict.fromkeys(("dpl", "dppl", "di", "dcacc", "dcr", "ad"), ESTIMATE),
    )  # fmt: skip
    small = GroupFairness(
        rows=3,
        called=0,
        other_rows=1406,
        other_called=600,
        positives=0,
        other_positives=374,
        reason="3 rows, it takes 50",
    )
    groups = {"gender=Male": small, "gender=Female": measured}
    found = text(dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, fairness=groups)))
    assert "Called DPL DPPL DI DCAcc DCR RD AD gender=Female 700 180 300 0.8123 0.7012 to 0.9234" in found
    assert "0.9234 not defined 0.8123" in found
    assert "gender=Male 3 0 0 too small to measure: 3 rows, it takes 50" in found
    assert found.index("gender=Female 700 180 300") < found.index("gender=Male 3 0 0 too small")
    assert "Groups" not in text(facts)


@pytest.mark.parametrize("field", ["title", "description"])
def test_text_from_elsewhere_is_never_markup(facts, field):
    """A name with angle brackets is shown as it is written, and starts no script."""
    spec = dataclasses.replace(facts.run.model, **{field: "<script>alert(1)</script>"})
    found = page(dataclasses.replace(facts, run=dataclasses.replace(facts.run, model=spec)))
    assert "<script" not in found
    assert "&lt;script&gt;alert(1)" in found


def test_data_cannot_write_markup_or_addresses(facts):
    """Levels, keys and run links come from outside: they are escaped, and only http is a link."""
    nasty = '"><img src=x onerror=alert(1)>'
    slices = {f"gender={nasty}": facts.evaluation.slices["gender=Female"]}
    provenance = dataclasses.replace(facts.run.provenance, run_url="javascript:alert(1)", reason=nasty)
    found = page(
        dataclasses.replace(
            facts,
            evaluation=dataclasses.replace(facts.evaluation, slices=slices, importance={nasty: 0.1}),
            run=dataclasses.replace(facts.run, provenance=provenance),
        )
    )
    assert "<img" not in found
    assert "javascript:" not in found


def test_many_partitions_are_counted_not_listed(facts):
    """A year of days does not make a page of a year."""
    ref = facts.run.partitions[0]
    first = ref.manifest.date
    days = tuple(
        dataclasses.replace(ref, manifest=dataclasses.replace(ref.manifest, date=first.replace(year=1900 + number)))
        for number in range(100)
    )
    found = page(dataclasses.replace(facts, run=dataclasses.replace(facts.run, partitions=days)))
    assert found.count("landing/churn/") == 40
    assert "And 60 earlier partitions, from 1900-03-01." in found


def test_the_page_does_not_bring_a_plotting_library():
    """Importing the page costs neither matplotlib nor pandas."""
    imports = "import sys, include.ml.reporting.evaluation_page"
    check = "sys.exit(bool({'matplotlib', 'pandas'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", f"{imports}; {check}"], cwd=ROOT, check=True)
