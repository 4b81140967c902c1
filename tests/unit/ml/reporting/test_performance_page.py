"""The page that tells how good a model was."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.ml.reporting.performance_page import performance_page
from include.specs.codec import decode, encode
from include.specs.performance import BadLabels, PerformanceReport
from tests.unit.ml.reporting import quality_days
from tests.unit.ml.reporting.markup import reading, stands_alone

ROOT = Path(__file__).parents[4]
NASTY = '"><img src=x onerror=alert(1)>\u202e\x00\ud800'
CASES = {
    "stable": quality_days.stable,
    "warning": quality_days.warning,
    "degraded": quality_days.degraded,
    "insufficient_data": quality_days.insufficient,
}
PAGES = CASES | {"several": quality_days.several}


def told(report: PerformanceReport, **more: object) -> str:
    """What a person reads."""
    return reading(performance_page(report, **more))


@pytest.mark.parametrize("case", PAGES)
def test_the_page_stands_alone(case: str) -> None:
    """Well nested, its drawings are XML, nothing runs, nothing is fetched, and it can be sent by mail."""
    page = performance_page(PAGES[case](), rule=quality_days.RULE)
    stands_alone(page)
    assert len(page.encode()) < 120_000


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_told_in_a_word_and_a_sentence(case: str) -> None:
    """The first thing after the title."""
    report = CASES[case]()
    assert report.verdict == case
    word = {"insufficient_data": "Not enough data"}.get(case, case.capitalize())
    assert f"{word} {report.reasons}" in told(report)
    assert f'<section class="verdict {case}">' in performance_page(report)


def test_the_same_report_gives_the_same_bytes() -> None:
    """Also when it was read from JSON, which forgets the order of metrics."""
    report = quality_days.degraded()
    again = decode(PerformanceReport, encode(report), source="performance.json")
    assert performance_page(again) == performance_page(report)


def test_what_was_measured_is_told() -> None:
    """Day, version, run, the metric that decides, the newest day with a verdict, labels, and since when."""
    page = told(quality_days.degraded(), positive="Yes")
    for fact in (
        "As known at the end of 4 Mar 2026", "Held against Version 3 1,500 hold-out rows, 629 Yes",
        "ROC-AUC decides 0.815 registered", "Newest day with a verdict 0.619 12 Feb 2026",
        "Labels have come for 55.7 % 12,525 of 22,500 predictions", "Fell since 8 Feb 2026", "Evaluation's run run-3",
    ):  # fmt: skip
        assert fact in page, fact


def test_an_estimate_is_marked_as_one() -> None:
    """Wherever one stands: above the table, in the legend, in the table of days and on each mark."""
    page = told(quality_days.insufficient())
    assert "Before labels come: an estimate of 4 Mar 2026" in page
    assert (
        "This is an estimate, made without labels , from 500 scores that were turned into probabilities first." in page
    )
    assert "How the scores were read: the baseline has 629 positive" in page
    assert page.count("estimated without labels at") == 12
    assert "Day Version Predictions With a label ROC-AUC Estimate Outcome" in page


def test_before_labels_come_nothing_is_realised() -> None:
    """And nothing looks like an error."""
    page = told(quality_days.insufficient())
    assert "What labels say of" not in page
    assert "Newest day with a verdict — none yet" in page
    assert "None has come yet. They are looked for in labels/churn/" in page
    assert "Fell — not known" in page


def test_the_day_of_the_verdict_is_shown_whole() -> None:
    """Every metric beside the registered one, with what is worse for certain."""
    page = performance_page(quality_days.degraded())
    section = page.partition("What labels say of 12 Feb 2026")[2].partition("</section>")[0]
    assert section.count("<tr>") == 1 + 9
    assert section.count('class="e worse"') == 9
    assert 'class="e better"' not in section
    assert "485 of 500 predictions have a label" in reading(f"<body>{section}")


def test_a_day_that_held_does_not_hide_the_one_that_fell() -> None:
    """A degradation lasts for some days: the page shows what its sentence is about."""
    report = quality_days.degraded()
    newest = report.newest
    days = tuple(dataclasses.replace(day, breached=day.breached and day is not newest) for day in report.days)
    page = told(dataclasses.replace(report, days=days))
    assert "Newest day with a verdict 0.619 12 Feb 2026" in page
    assert "What labels say of 11 Feb 2026" in page


def test_few_labels_are_shown_and_not_judged() -> None:
    """Where no day has a verdict, the newest of which anything is known."""
    report = quality_days.report(days=20)
    assert report.verdict == "insufficient_data"
    page = told(report)
    assert "What labels say of 14 Feb 2026" in page
    assert "They are too few for a verdict." in page


def test_days_are_told_newest_first_and_the_old_are_folded() -> None:
    """Two weeks lie open."""
    page = performance_page(quality_days.degraded())
    table = reading(f"<body>{page.partition('Days, the newest first')[2]}")
    assert (
        table.index("4 Mar 2026") < table.index("3 Mar 2026") < table.index("31 earlier days") < table.index("21 Jan")
    )
    assert "<details" not in performance_page(quality_days.insufficient())


def test_labels_that_were_left_out_are_told() -> None:
    """With why, and an example."""
    page = told(quality_days.degraded())
    assert "no id 3 left out, for example labels.parquet, row 17" in page
    assert "Taken back 8" in page


def test_labels_that_were_told_too_early_are_told() -> None:
    """Beside each day that they are not of, and among what was read."""
    report = quality_days.insufficient()
    day = dataclasses.replace(report.days[-1], too_early=321)
    labels = dataclasses.replace(report.labels, files=1, too_early=123)
    page = told(dataclasses.replace(report, days=(*report.days[:-1], day), labels=labels))
    assert "; 321 with a label that was told too early to be theirs" in page
    assert "Too early 123 ids whose label was told before" in page


def test_what_was_lost_of_a_judged_day_is_told() -> None:
    """The sentence of every other day says so itself."""
    report = quality_days.stable()
    lost = [dataclasses.replace(day, unusable=12, unreadable={"not_json": 3, "wrong_cell": 4}) for day in report.days]
    page = told(dataclasses.replace(report, days=tuple(lost)))
    judged = sum(day.judged for day in report.days)
    assert page.count("; 12 without an id or a score; 7 could not be read") == judged
    assert page.count("could not be read") == judged


def test_the_rule_is_told_in_numbers_where_it_is_known() -> None:
    """Without it in words alone."""
    ruled = told(quality_days.stable(), rule=quality_days.RULE)
    for fact in (
        "a degradation takes 2 of 3",
        "(0.03)",
        "(p below 0.0025",
        "50 % of its predictions",
        "30 rows of each",
    ):
        assert fact in ruled, fact
    assert "on several days" in told(quality_days.stable())


def test_made_up_data_is_said_first() -> None:
    """Before the verdict stands that the rows were generated."""
    page = told(quality_days.degraded(), synthetic=True)
    assert 0 < page.index("Made-up data.") < page.index("Degraded")
    assert "Made-up data" not in told(quality_days.degraded())


def test_verdict_on_a_version_that_serves_no_longer_is_told_as_one() -> None:
    """Which it is, until when it answered, and which one serves; a page on one version says nothing of the kind."""
    page = told(quality_days.several())
    for fact in (
        "Degraded of version 2, which answered until 2026-02-16, on 2026-02-12:",
        "version 3 serves now, and no day of its own has enough labels yet",
        "4 Mar 2026 version 3 serves", "Held against Version 2", "it answered until 16 Feb 2026",
        "Evaluation's run run-2 (version 2)", "Of version 3 run-3", "Of version 1 run-1",
        "over all labelled rows that version 2 answered",
    ):  # fmt: skip
        assert fact in page, fact
    one = told(quality_days.degraded())
    for words in ("answered until", "serves now", "of the day's version", "Version 3 answered"):
        assert words not in one, words


def test_days_are_told_with_the_version_that_answered() -> None:
    """In the table, and above each table of metrics, whose registered values are that version's own."""
    report = quality_days.several()
    page = performance_page(report)
    rows = re.findall(r'<tr><td class="e">(.*?)</td><td class="n">(.*?)</td>', page)
    assert [version for _, version in rows] == ["3"] * 16 + ["2"] * 14 + ["?"] * 3 + ["1"] * 12
    assert "What labels say of 12 Feb 2026 Version 2 answered;" in told(report)
    # The estimate is of another day than the verdict, and of another version.
    assert "Version 3 answered. How the scores were read" in told(report)
    section = reading("<body>" + page.partition("Before labels come")[2].partition("</section>")[0])
    [serves, _] = report.others
    assert f"{serves.metrics['roc_auc'].value:.4f}" in section
    assert f"{report.registered.metrics['roc_auc'].value:.4f}" not in section


def test_days_of_an_unknown_version_or_without_rows() -> None:
    """Are counted; nothing is drawn of them."""
    assert "version 2 answered; its evaluation is not known" in told(quality_days.report(version=2))
    report = quality_days.insufficient()
    bare = [dataclasses.replace(day, rows=0, version=None, estimated=None) for day in report.days]
    page = performance_page(dataclasses.replace(report, days=tuple(bare)))
    assert "day by day" not in page
    assert "Before labels come" not in page
    assert "No day was looked at." in told(dataclasses.replace(report, days=()))


def test_text_from_data_stays_text() -> None:
    """A label's example, a run's name, a title."""
    report = quality_days.degraded()
    labels = dataclasses.replace(report.labels, bad={"no_id": BadLabels(count=1, example=NASTY)})
    registered = dataclasses.replace(report.registered, run=NASTY)
    nasty = dataclasses.replace(report, labels=labels, registered=registered, reasons=NASTY)
    page = performance_page(nasty, title=NASTY, description=NASTY, positive=NASTY)
    assert "<img" not in page
    assert "\u202e" not in page
    stands_alone(page.replace(" onerror", ""))


def test_a_metric_where_less_is_better() -> None:
    """Is worse where it is higher, and the page says so."""
    report = dataclasses.replace(quality_days.degraded(), metric="log_loss")
    page = performance_page(report)
    assert "lower is better" in reading(page.partition("Log loss, day by day")[2].join(["<body>", ""]))


def test_the_page_needs_nothing_heavy() -> None:
    """Importing the page costs neither numpy nor pandas nor a plotting library."""
    imports = "import sys, include.ml.reporting.performance_page"
    check = "sys.exit(bool({'matplotlib', 'pandas', 'numpy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", f"{imports}; {check}"], cwd=ROOT, check=True)


def test_groups_are_told_where_labels_have_come() -> None:
    """Those of the spec, each with how many rows; where nothing is labelled, that they are too small to measure."""
    assert "Groups Each group beside everybody else" in told(quality_days.degraded())
    for group in ("gender=Female", "gender=Male", "SeniorCitizen=1"):
        assert group in told(quality_days.degraded())
    assert "Groups" not in told(dataclasses.replace(quality_days.degraded(), fairness={}))
