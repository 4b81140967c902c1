"""What is news to people goes by what they were told, not by what was found out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from botocore.exceptions import ClientError
from perennial import serving
from perennial.hooks.lake import Lake
from perennial.operators.alert import AlertOperator

from include.specs import codec, s3_layout
from include.specs.model import ModelSpec
from include.specs.run import Provenance, ToldRecord

Make = Callable[..., Any]
Inbox = Callable[[], list[dict[str, Any]]]
DAY = dt.date(2026, 3, 1)
KEY = "experiments/churn/run/run.json"


def _date(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number - 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Days:
    """Days of one model: what their runs find, and what people then hear."""

    aws: SimpleNamespace
    spec: ModelSpec
    kind: Any
    context: Make
    inbox: Inbox
    origin: Provenance

    def run(self, number: int, verdict: str, *, by: str = "scheduled", tries: int = 1, **changes: Any) -> bool:
        """The run of a day finds `verdict` on the version that run `of` registered; whether people heard of it."""
        watch, date = self.kind.watch, _date(number)
        name, of = changes.pop("name", f"{by}-{number}"), changes.pop("of", "earlier")
        history = serving.reported(Lake("lake", s3=self.aws.s3), self.spec, watch.file, before=date, days=30)
        run = self.kind.run(
            self.spec, date=date, provenance=dataclasses.replace(self.origin, run=name), history=history, **changes
        )
        self.aws.put(KEY, run)
        self.aws.put(watch.report_key(run), self.kind.report(verdict, date=date, run=of))
        if verdict in watch.subjects:
            self.tell(by, tries=tries)
        return bool(self.inbox())

    def tell(self, by: str = "scheduled", *, tries: int = 1) -> Any:
        """The task, as the run whose configuration is there."""
        made = self.context(run_type=by)
        made["ti"].try_number = tries
        operator = AlertOperator(task_id="alert", spec=self.spec, watch=self.kind.watch, config_key=KEY)
        try:
            return operator.execute(made)
        except AirflowSkipException:
            assert by == "backfill"
        return None

    @property
    def key(self) -> str:
        """Of the record of what people were told."""
        return s3_layout.told("churn", self.kind.watch.name)

    def record(self) -> ToldRecord:
        """What people were told last."""
        return codec.decode(ToldRecord, self.aws.get(self.key), source=self.key)


@pytest.fixture
def days(
    aws: SimpleNamespace, churn: ModelSpec, kind: Any, context: Make, listen: Make, provenance: Provenance
) -> Days:
    inbox = listen("perennial-churn")
    return Days(aws=aws, spec=churn, kind=kind, context=context, inbox=inbox, origin=provenance)


# What each day's run finds, by whom it was started where that matters, and whether people hear of it.
STORIES = {
    "lasts": ["worst: yes", "worst: no", "worst: no"],
    "becomes worse, and better": ["warning: yes", "worst: yes", "worst: no", "warning: yes"],
    "ends, and begins anew": ["worst: yes", "stable: no", "worst: yes", "worst: no"],
    "has a day without a verdict": ["worst: yes", "insufficient_data: no", "worst: no"],
    "has days without a run": ["worst: yes", "", "", "worst: no"],
    "begins without a verdict": ["insufficient_data: no", "worst: yes"],
    "began in a backfill": ["worst backfill: no", "worst backfill: no", "worst: yes", "worst: no"],
    "a backfill goes on": ["worst: yes", "worst backfill: no", "worst: no"],
    "a backfill knows its end": ["worst: yes", "stable backfill: no", "worst: yes"],
    "a backfill knows of another": ["worst: yes", "warning backfill: no", "worst: yes"],
    "is a person's": ["worst manual: yes", "worst: no", "worst manual: no"],
}


@pytest.mark.parametrize("story", STORIES)
def test_people_hear_of_a_story_once(days: Days, story: str) -> None:
    """Of its beginning and of each change, whoever found it first; a day without a verdict is neither."""
    heard = []
    for number, told in enumerate(STORIES[story], start=1):
        if told:
            found, _, by = told.partition(":")[0].partition(" ")
            verdict = {"worst": days.kind.worst}.get(found, found)
            heard.append((told, days.run(number, verdict, by=by or "scheduled")))
    assert [told for told, _ in heard if told.endswith("yes")] == [told for told, there in heard if there]
    assert [there for _, there in heard] == [told.endswith("yes") for told, _ in heard]


def test_what_people_were_told_is_on_record(days: Days) -> None:
    """The day, the verdict, whose it is, and who told; the day after, which tells nothing, is not."""
    for number in (1, 2):
        days.run(number, days.kind.worst)
    assert days.record() == ToldRecord(date=DAY, verdict=days.kind.worst, judged_run="earlier", run="scheduled-1")


def test_other_watch_is_another_story(aws: SimpleNamespace, days: Days) -> None:
    """What people heard of one says nothing of the other."""
    told = ToldRecord(date=DAY, verdict=days.kind.worst, judged_run="earlier", run="other")
    other = {"drift": "performance", "performance": "drift"}[days.kind.watch.name]
    aws.put(s3_layout.told("churn", other), told)
    assert days.run(2, days.kind.worst)


def test_new_version_is_a_new_story(days: Days) -> None:
    """Its first such day is told; and after it, that of the one before."""
    assert [days.run(number, days.kind.worst, of=of) for number, of in ((1, "a"), (2, "b"), (3, "b"), (4, "a"))] == [
        True,
        True,
        False,
        True,
    ]


def test_verdict_on_another_version_ends_a_story(days: Days) -> None:
    """Though nobody heard of it."""
    assert days.run(1, days.kind.worst, of="a")
    days.run(2, days.kind.worst, of="b", by="backfill")
    assert days.run(3, days.kind.worst, of="a")


@pytest.mark.parametrize("kind", ["quality"], indirect=True)
def test_news_goes_by_the_version_that_the_verdict_is_about(days: Days) -> None:
    """Not by the one that serves: labels of a version that was replaced come for weeks, and say the same each day."""
    assert days.run(1, days.kind.worst)
    assert not days.run(2, days.kind.worst, version=5, baseline_run="later")


def test_same_day_again_is_no_news_unless_it_comes_out_otherwise(days: Days) -> None:
    """A person runs a day once more, as the runbook asks."""
    assert days.run(1, days.kind.worst)
    assert not days.run(1, days.kind.worst, by="manual")
    assert days.run(1, "warning", by="manual", name="manual-again")
    assert days.record().run == "manual-again"


def test_day_that_people_heard_of_and_that_was_quiet_after_all_ends_the_story(days: Days) -> None:
    """It was run again, and found stable."""
    assert days.run(1, days.kind.worst)
    days.run(1, "stable", by="manual")
    assert days.run(2, days.kind.worst)


def test_old_day_is_no_news(days: Days, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is found on it: people have heard of a later day, which the log names; its record stays."""
    assert days.run(20, "warning")
    assert not days.run(1, days.kind.worst, by="manual")
    assert "later day by now, 2026-03-20" in "".join(capsys.readouterr())
    assert days.record().date == _date(20)
    assert not days.run(21, "warning")


def test_story_of_which_nothing_is_left_is_told_again(days: Days) -> None:
    """People were told so long ago that no report of it is looked at, and there is none since."""
    assert days.run(1, days.kind.worst)
    assert days.run(32, days.kind.worst)


def test_run_of_an_older_release_knows_the_day_before(aws: SimpleNamespace, days: Days) -> None:
    """A run of quality named one day alone."""
    assert days.run(1, days.kind.worst)
    days.run(2, days.kind.worst)
    old = json.loads(aws.get(KEY))
    if days.kind.watch.name == "performance":
        del old["history"]
        aws.put(KEY, json.dumps({**old, "before": DAY.isoformat()}).encode())
    assert days.tell() == {"message_id": None}


@pytest.mark.parametrize("body", [b"{", b'{"verdict": "drift"}'])
def test_record_that_nobody_can_read_is_none(aws: SimpleNamespace, days: Days, body: bytes) -> None:
    """Better told twice than never; then it is one that can be read."""
    aws.put(days.key, body)
    assert [days.run(number, days.kind.worst) for number in (1, 2)] == [True, False]


def test_report_that_nobody_can_read_may_have_ended_the_story(aws: SimpleNamespace, days: Days) -> None:
    """The day is told, and does not fail for another's."""
    assert days.run(1, days.kind.worst)
    aws.put(s3_layout.monitoring("churn", _date(2)) + days.kind.watch.file, b"{")
    assert days.run(3, days.kind.worst)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes SNS refuse a message for good; the next one it takes."""
    sns, left = boto3.client("sns"), list[str]()

    def refuse(params: Any, **_: Any) -> None:  # noqa: ARG001 botocore's signature
        if left:
            raise ClientError({"Error": {"Code": left.pop(), "Message": "no"}}, "Publish")

    sns.meta.events.register("before-call.sns.Publish", refuse)
    monkeypatch.setattr("perennial.operators.notify.client", lambda _: sns)
    return lambda: left.append("InvalidParameter")


def test_refused_message_is_sent_by_the_next_day(days: Days, refusing: Callable[[], None]) -> None:
    """Nobody knows, although a report says the same of the day before."""
    refusing()
    assert [days.run(number, days.kind.worst) for number in (1, 2, 3)] == [False, True, False]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes S3 refuse the next record of what people were told."""
    put, left = Lake.write, list[str]()

    def write(self: Lake, key: str, body: bytes, **condition: str) -> None:
        if "/told-" in key and left:
            raise ClientError({"Error": {"Code": left.pop(), "Message": "no"}}, "PutObject")
        put(self, key, body, **condition)

    monkeypatch.setattr(Lake, "write", write)
    return left.append


def test_try_that_ended_before_the_record_sends_nothing_twice(days: Days, failing: Callable[[str], None]) -> None:
    """The next one finds the message's own record, and writes the other."""
    failing("SlowDown")
    with pytest.raises(ClientError, match="SlowDown"):
        days.run(1, days.kind.worst)
    assert len(days.inbox()) == 1
    assert days.tell()["message_id"]
    assert days.inbox() == []
    assert days.record().date == DAY
    assert days.tell() == {"message_id": None}


@pytest.mark.parametrize(("code", "number"), [("AccessDenied", 1), ("SlowDown", 4)])
def test_record_that_cannot_be_written_fails_nothing(
    days: Days, failing: Callable[[str], None], code: str, number: int
) -> None:
    """People were told; the next day tells them once more, and can."""
    failing(code)
    assert [days.run(day, days.kind.worst, tries=number) for day in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("known", [False, True], ids=["first", "another's before"])
def test_record_whose_answer_was_lost_is_its_own(days: Days, after_first_put: Make, known: bool) -> None:
    """The one in its way is what it has written."""
    if known:
        days.run(1, "warning")
    after_first_put(lambda: None, part="/told-")
    assert days.run(2, days.kind.worst)
    assert days.record().run == "scheduled-2"


@pytest.mark.parametrize(("other", "stays"), [(3, True), (1, False)])
def test_of_two_records_the_later_days_stays(
    aws: SimpleNamespace, days: Days, after_first_put: Make, other: int, stays: bool
) -> None:
    """Another run told people of its day meanwhile."""
    faster = ToldRecord(date=_date(other), verdict="warning", judged_run="earlier", run="faster")
    after_first_put(lambda: aws.put(days.key, faster), part="/told-")
    assert days.run(2, days.kind.worst)
    assert (days.record() == faster) is stays
    assert days.record().run == ("faster" if stays else "scheduled-2")
