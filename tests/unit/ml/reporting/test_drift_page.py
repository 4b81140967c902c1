"""The page that tells what drifted."""

import dataclasses
import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.ml.reporting.drift_page import drift_page
from include.specs.attribution import AttributionDrift, FeatureAttribution
from include.specs.codec import decode, encode
from include.specs.drift import (
    DriftReport,
    Effect,
    GroupCalls,
    OddsRatio,
    Shape,
    Violation,
)
from include.specs.reports import Estimate, GroupFairness
from tests.unit.ml.reporting import drift_days
from tests.unit.ml.reporting.markup import reading, stands_alone

ROOT = Path(__file__).parents[4]
NASTY = '"><img src=x onerror=alert(1)>\u202e\x00\ud800'
CASES = {
    "stable": drift_days.stable,
    "warning": drift_days.warning,
    "drift": drift_days.drift,
    "broken": drift_days.broken,
    "insufficient_data": drift_days.insufficient,
}


def told(report: DriftReport, **more) -> str:
    """What a person reads."""
    return reading(drift_page(report, **more))


def cards(page: str) -> list[str]:
    """The names of the features' cards, in order."""
    features = page.partition("<h2>Features")[2]
    return re.findall(r'<article class="card feature \w+">\s*<header><h3><bdi[^>]*>(.*?)</bdi>', features)


def with_feature(report: DriftReport, which: str, /, **facts) -> DriftReport:
    """`report` with one of its features changed."""
    features = tuple(dataclasses.replace(f, **facts) if f.name == which else f for f in report.features)
    return dataclasses.replace(report, features=features)


@pytest.mark.parametrize("history", [(), drift_days.past()], ids=["alone", "with history"])
@pytest.mark.parametrize("case", CASES)
def test_the_page_stands_alone(case, history):
    """Well nested, its drawings are XML, nothing runs, nothing is fetched, and it can be sent by mail."""
    page = drift_page(CASES[case](), history=history, rule=drift_days.RULE)
    stands_alone(page)
    assert len(page.encode()) < 120_000


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_told_in_a_word_and_a_sentence(case):
    """The first thing after the title."""
    report = CASES[case]()
    word = {"insufficient_data": "Not enough data", "broken": "Broken feed"}.get(case, case.capitalize())
    assert f"{word} {report.reasons}" in told(report)
    assert f'<section class="verdict {case}">' in drift_page(report)


def test_the_same_report_gives_the_same_bytes():
    """Also when it was read from JSON, which forgets the order of levels and drivers, and from days out of order."""
    report, past = drift_days.drift(), list(drift_days.past())
    again = decode(DriftReport, encode(report), source="drift.json")
    assert drift_page(again, history=past[::-1]) == drift_page(report, history=past)


def test_what_was_compared_is_told():
    """Day, version, run, digest, rows, independent rows, and that distances are exact."""
    page = told(drift_days.drift())
    for fact in (
        "Window 4 Mar 2026", "Version 12 manual-20260201T060000", "Rows 2,600 2,460 independent",
        "Baseline's rows 7,043", "Breached 4 of 12", "Distances Exact", "5" * 64,
    ):  # fmt: skip
        assert fact in page, fact


def test_the_title_is_the_models_own_or_its_name():
    """A spec's title and description, where they are known."""
    page = told(drift_days.stable(), title="Customer churn", description="Who will leave.")
    assert page.startswith("Perennial · drift report Customer churn Who will leave.")
    assert told(drift_days.stable()).startswith("Perennial · drift report churn Stable")


def test_the_test_behind_a_p_value_is_named_where_the_effect_is_another_measure():
    """A distance may be judged by a test with more power."""
    feature = drift_days.stable().features[0]
    test = dataclasses.replace(feature.test, name="anderson_darling", p_adjusted=0.5)
    assert "Adjusted p 0.500 Anderson-Darling" in told(with_feature(drift_days.stable(), "tenure", test=test))


def test_what_else_is_known_is_told_in_its_own_way():
    """A p-value as one, a distance in the data's unit as a number, an unknown measure by its name."""
    measures = {"kolmogorov_smirnov_p": 3e-20, "wasserstein": 2103.44, "energy_distance": 0.25}
    page = told(with_feature(drift_days.stable(), "tenure", measures=measures))
    assert "energy distance 0.2500 KS p 3 \N{MULTIPLICATION SIGN} 10⁻²⁰ Wasserstein 2,103" in page


def test_a_bounded_error_is_told():
    """A profile's distances are not sold as exact."""
    page = told(dataclasses.replace(drift_days.stable(), exact=False, error=1 / 4096))
    assert "Distances ± 0.00024 bounded-memory profile" in page


def test_groups_are_told_beside_what_they_were():
    """With intervals; small ones say so; where no group is declared there is no section."""
    measures = {"dppl": Estimate(value=0.25, low=0.2, high=0.3), "di": Estimate(value=0.5, low=0.4, high=0.6)}
    now = GroupFairness(rows=700, called=175, other_rows=700, other_called=350, measures=measures)
    then = dataclasses.replace(now, measures={"dppl": Estimate(value=0.125, low=0.1, high=0.15)})
    small = GroupFairness(rows=3, called=0, other_rows=1397, other_called=525, reason="3 rows, it takes 50")
    groups = {
        "gender=Male": GroupCalls(today=small, baseline=None),
        "gender=Female": GroupCalls(today=now, baseline=then),
    }
    page = drift_page(dataclasses.replace(drift_days.stable(), fairness=groups))
    stands_alone(page)
    found = reading(page)
    assert "gender=Female 700 175 0.2500 0.2000 to 0.3000 then 0.1250 0.5000 0.4000 to 0.6000 gender=Male" in found
    assert "gender=Male 3 0 too small to measure: 3 rows, it takes 50" in found
    assert "Groups" not in told(drift_days.stable())


@pytest.mark.parametrize("moved", [True, False])
def test_what_the_scores_go_by_is_told(moved):
    """The measure, whether it moved, what moved most, and the features of weight on either side."""
    features = {
        f"feature {place:02}": FeatureAttribution(
            baseline=0.5 / place, current=0.5 / (21 - place), baseline_place=place, place=21 - place
        )
        for place in range(1, 21)
    }
    found = AttributionDrift(
        ndcg=0.8512 if moved else 0.95, threshold=0.9, moved=moved, features=features,
        most_moved=("feature 01", "feature 20") if moved else (),
    )  # fmt: skip
    page = drift_page(dataclasses.replace(drift_days.stable(), attribution=found))
    stands_alone(page)
    text = reading(page)
    assert ("0.851 NDCG moved" if moved else "0.950 NDCG quiet") in text
    assert ("Moved most: feature 01 from 1 to 20 , feature 20 from 20 to 1 ." in text) == moved
    assert "feature 01 50.0 % 1 2.5 % 20 feature 02" in text
    assert "feature 08 " in text
    assert "feature 09 " not in text
    assert "What the scores go by" not in told(drift_days.stable())


def test_two_files_have_no_day_and_no_version():
    """Without a window there is no history either, whatever is given."""
    files = dataclasses.replace(
        drift_days.drift(), window=None, baseline=dataclasses.replace(drift_days.BASELINE, version=None)
    )
    page = told(files, history=drift_days.past())
    assert "Window Two files Baseline No version" in page
    assert "The last 30 days" not in page


def test_faults_of_the_feed_come_before_everything_else_and_the_worst_first():
    """What breaks the comparison stands above what is noted, with its message."""
    page = told(drift_days.broken(), history=drift_days.past())
    places = [
        page.index(word) for word in ("Faults of the feed", "MonthlyCharges missing column", "tenure type changed")
    ]
    places += [page.index("gigabytes_used new column"), page.index("The last 30 days")]
    assert places == sorted(places)
    assert "2,571 expected numbers, got text such as &#39;12 months&#39;" in page
    assert page.count("✗ not comparable") == 2
    assert "Faults of the feed" not in told(drift_days.stable())


@pytest.mark.parametrize(
    ("case", "why"),
    [("broken", "the feed has to be repaired first"), ("insufficient_data", "too few independent rows")],
)
def test_a_report_without_features_says_why(case, why):
    """And shows no empty tables."""
    page = drift_page(CASES[case]())
    assert why in reading(page)
    assert cards(page) == []
    for heading in ("Blank cells", "Levels that", "What the model says", "told apart"):
        assert heading not in page


def test_the_breached_come_first_and_then_the_largest_effect():
    """A large difference that may be chance stands after all that breached, even by blank cells alone."""
    names = cards(drift_page(drift_days.drift()))
    assert names[:5] == ["MonthlyCharges", "PaymentMethod", "tenure", "TotalCharges", "state"]
    assert len(names) == 12


def test_effects_of_different_measures_are_ranked_by_what_matters():
    """Twice a limit of 0.5 is less than thrice one of 0.1."""
    report = with_feature(drift_days.stable(), "gender", effect=Effect(measure="psi", value=1.0, threshold=0.5))
    report = with_feature(report, "tenure", effect=Effect(measure="wasserstein", value=0.3, threshold=0.1))
    assert cards(drift_page(report))[:2] == ["tenure", "gender"]


def test_a_card_has_effect_limit_p_value_reason_and_since_when():
    """All that is needed to believe it, or not."""
    feature = next(f for f in drift_days.drift().features if f.name == "tenure")
    page = told(drift_days.drift(), rule=drift_days.RULE).partition(" Features, ")[2]
    card = page[page.index(" tenure breached ") : page.index(" TotalCharges ")]
    for fact in (
        f"{feature.effect.value:.3f} KS distance limit 0.05", feature.reason, "Since 1 Mar 2026 3 of the last 3 days",
        "Adjusted p 1 ", "10⁻⁴⁰", "Wasserstein 0.3459", "Blank cells 0.2 % → 0.2 %",
    ):  # fmt: skip
        assert fact in card, fact


def test_new_levels_are_marked_where_they_are_drawn_and_listed_with_their_rows():
    """As are those that vanished."""
    page = told(drift_days.drift())
    assert "Wallet new" in page
    assert re.search(r"PaymentMethod Wallet 593 +Gift card 9 +23.2 % Bank transfer 1,556", page)
    assert "Levels that came and went" not in told(drift_days.stable())


def test_many_levels_are_counted():
    """Eight of each are listed; the bars show five, and what the others add up to."""
    levels = {f"new {n}": 100 - n for n in range(30)}
    page = told(with_feature(drift_days.stable(), "state", new_levels=levels))
    assert "new 7 93 and 22 more" in page
    assert "new 8" not in page
    assert re.search(r"others +\d\d.\d % +\d\d.\d %", page)


def test_changes_of_blank_cells_are_listed_the_breached_first():
    """Small changes are folded, none at all are not told."""
    report = drift_days.drift()
    small = dataclasses.replace(report.features[0].missing, baseline=0.010, current=0.013)
    page = told(with_feature(report, "tenure", missing=small)).partition(" Blank cells Feature ")[2]
    assert "TotalCharges 0.2 % 5.2 % +5.0 points 3 × 10⁻⁹ breached 1 smaller change" in page  # noqa: RUF001 a product
    assert "tenure 1.0 % 1.3 % +0.3 points" in page
    many = [
        dataclasses.replace(f, missing=dataclasses.replace(small, current=0.01 + 0.01 * n))
        for n, f in enumerate(report.features, 1)
    ]
    listed = reading(drift_page(dataclasses.replace(report, features=tuple(many)))).partition(" Blank cells Feature ")[
        2
    ]
    changes = [float(change) for change in re.findall(r"\+([\d.]+) points", listed)]
    assert changes == sorted(changes, reverse=True)
    assert len(changes) == 12
    assert "No feature's share of them changed by half a point." in told(drift_days.stable())


def test_what_the_model_says_is_told_against_what_was_expected():
    """The rate of positives in the model's own word, scores and calls."""
    page = told(drift_days.drift(), positive="churning")
    assert re.search(r"Called churning breached 32.0 % of rows 16.5 % expected, as in the baseline \+15.5 points", page)
    assert "Scores breached" in page
    assert "Calls breached" in page
    assert "times the odds" not in page


def test_odds_of_rare_calls_are_told_with_their_limit():
    """What decides where few rows are called positive."""
    said = drift_days.drift().prediction
    odds = OddsRatio(ratio=Estimate(value=4.118, low=3.23, high=5.24), limit=2.0)
    prediction = dataclasses.replace(said, called=dataclasses.replace(said.called, odds=odds))
    page = told(dataclasses.replace(drift_days.drift(), prediction=prediction))
    assert "4.1 times the odds 3.2 to 5.2; 2 up or down does not matter" in page


def test_separability_is_told_with_its_interval_and_drivers():
    """The drivers in order of weight, whatever order they came in."""
    page = told(drift_days.drift())
    assert "0.705 ROC-AUC 95 % interval 0.685 to 0.725 breached" in page
    assert re.search(r"MonthlyCharges +0.1130 PaymentMethod +0.0810 TotalCharges +0.0200 tenure +0.0040", page)


def test_thirty_days_have_a_verdict_each_and_a_strip_a_feature():
    """A day without a report is empty; strips tell how often the feature breached."""
    page = drift_page(drift_days.drift(), history=drift_days.past())
    days = page.partition('<div class="days">')[2].partition("</div>")[0]
    assert days.count("<b title=") == 30
    assert days.count("<svg") == 29
    assert '<b title="4 Mar 2026: drift">' in days
    assert '<b title="7 Feb 2026: no report"></b>' in days
    assert page.count('<div class="strip">') == 14
    assert "breached on 5 of 27 days" in page


def test_without_earlier_days_there_is_no_history():
    """The first report of a model has none."""
    assert "The last 30 days" not in told(drift_days.drift())


def test_text_from_data_is_never_markup():
    """Columns, levels, messages, sentences and the model's own words are shown as they are, and do nothing."""
    report = with_feature(
        drift_days.drift(),
        "PaymentMethod",
        name=NASTY,
        reason=NASTY,
        new_levels={NASTY: 5},
        vanished_levels={NASTY: 5},
        measures={NASTY: 1.0},
        effect=Effect(measure=NASTY, value=0.4, threshold=0.05),
        shape=dataclasses.replace(drift_days.drift().features[7].shape, levels=(NASTY, *"bcdef")),
    )
    fault = Violation(column=NASTY, kind="duplicates", rows=1, breaks=False, message=NASTY)
    separability = dataclasses.replace(report.separability, drivers={NASTY: 1.0})
    report = dataclasses.replace(
        report, model=NASTY, reasons=NASTY, violations=(fault,), separability=separability,
        baseline=dataclasses.replace(report.baseline, run=NASTY, sha256=NASTY),
    )  # fmt: skip
    page = drift_page(report, history=drift_days.past(), title=NASTY, description=NASTY, positive=NASTY)
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;\\u202e\\x00\\ud800") > 10
    stands_alone(page.replace(" onerror", ""))


def test_a_name_of_a_megabyte_does_not_fill_the_page():
    """It is cut where it is shown."""
    page = drift_page(with_feature(drift_days.drift(), "tenure", name="x" * 1_000_000), history=drift_days.past())
    assert len(page) < 120_000


def test_one_feature_makes_a_page():
    """Nothing is ranked, nothing is folded."""
    page = drift_page(drift_days.wide(1, breached=1))
    stands_alone(page)
    assert cards(page) == ["feature_000"]
    assert "<details" not in page
    assert "largest change first" not in page


def test_of_three_hundred_features_the_breached_lie_open():
    """The quiet ones are folded, but there; the page stays one that a browser opens at once."""
    wide = drift_days.wide(300)
    page = drift_page(wide, history=[dataclasses.replace(wide, window=old.window) for old in drift_days.past()])
    stands_alone(page)
    shown, _, folded = page.partition("288 more, all quiet")
    assert len(cards(shown)) == 12
    assert cards(shown)[:5] == [f"feature_00{n}" for n in range(5)]
    assert folded.count('<article class="card feature quiet">') == 288
    assert "288 more, without a breach" in page
    assert len(page.encode()) < 1_000_000


@pytest.mark.parametrize(("features", "shown"), [(12, 12), (15, 15), (16, 12)])
def test_a_few_are_not_folded(features, shown):
    """Nobody opens a fold for one more."""
    assert len(cards(drift_page(drift_days.wide(features)).partition("<details")[0])) == shown


def test_a_text_has_no_picture_and_says_why():
    """It was compared all the same."""
    text = with_feature(drift_days.stable(), "gender", kind="text", shape=Shape())
    assert "Compared by its words" in told(text)


def test_when_hundreds_breach_the_largest_lie_open():
    """And the page says that there are more."""
    page = drift_page(drift_days.wide(300, breached=100))
    assert len(cards(page.partition("276 more, of which some breached")[0])) == 24


def test_the_rule_is_told_in_numbers_where_it_is_known():
    """Without it in words alone."""
    ruled = told(drift_days.stable(), rule=drift_days.RULE)
    for fact in (
        "drift takes 2 of 3",
        "fewer than 200 on a side",
        "at most 0.25 %",
        "change of 2 points",
        "0.5 % of rows",
    ):
        assert fact in ruled, fact
    assert "on several days" in told(drift_days.stable())


def test_made_up_data_is_said_first():
    """Before the verdict stands that the rows were generated."""
    page = told(drift_days.drift(), synthetic=True)
    assert 0 < page.index("Made-up data.") < page.index("Drift MonthlyCharges")
    assert "Made-up data" not in told(drift_days.drift())


def test_the_page_needs_nothing_heavy():
    """Importing the page costs neither numpy nor pandas nor a plotting library."""
    imports = "import sys, include.ml.reporting.drift_page"
    check = "sys.exit(bool({'matplotlib', 'pandas', 'numpy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", f"{imports}; {check}"], cwd=ROOT, check=True)


def test_a_window_long_ago_is_a_day_like_any_other():
    """Backfills of another year have their own thirty days."""
    report = dataclasses.replace(drift_days.drift(), window=dt.date(2025, 1, 3))
    assert "The last 30 days" not in told(report, history=drift_days.past())
