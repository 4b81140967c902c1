"""The pages for a person's browser, asked for over HTTP, of moto's own logs and buckets."""

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient
from moto.logs.models import logs_backends
from moto.s3.models import S3Backend

from localaws import pages

GROUP = "/aws/sagemaker/TrainingJobs"
NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=dt.UTC)


@pytest.fixture
def browser(no_state: None) -> FlaskClient:  # noqa: ARG001  # a fixture is used by being asked for
    """Where a person looks."""
    app = Flask("pages")
    pages.add_pages(app, prefix="/_localaws")
    return app.test_client()


def say(stream: str, *messages: str) -> None:
    """Log messages, a second apart from noon on."""
    logs = logs_backends["123456789012"]["eu-west-1"]
    if GROUP not in logs.groups:
        logs.create_log_group(GROUP, {})
    logs.ensure_log_stream(GROUP, stream)
    milliseconds = int(NOON.timestamp() * 1000)
    events = [{"timestamp": milliseconds + 1000 * n, "message": message} for n, message in enumerate(messages)]
    # moto refuses what is older than two weeks: the stream takes it as it comes.
    logs.groups[GROUP].put_log_events(stream, events)


def test_a_log_is_plain_text_with_the_time_of_each_line(browser: FlaskClient) -> None:
    """Lines come in the order in which they were logged; markup in them stays text."""
    say("churn-train/algo-1", "epoch 1", "<script>alert(1)</script>")
    answer = browser.get("/_localaws/logs/churn-train")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.text == "12:00:00.250  epoch 1\n12:00:01.250  <script>alert(1)</script>\n"


def test_a_log_is_of_one_job(browser: FlaskClient) -> None:
    """The log of a job whose name begins as this one's does is not mixed in."""
    say("churn-train/algo-1", "mine")
    say("churn-train-2/algo-1", "another's")
    assert browser.get("/_localaws/logs/churn-train").text == "12:00:00.250  mine\n"


def test_a_job_that_has_logged_nothing_has_an_empty_log(browser: FlaskClient) -> None:
    """A job that runs and is silent is no unknown job."""
    say("silent/algo-1")
    answer = browser.get("/_localaws/logs/silent")
    assert (answer.status_code, answer.text) == (200, "")


def test_a_job_without_a_log_is_not_found(browser: FlaskClient) -> None:
    """The answer is 404, in words, and plain text: the name comes from the address, and markup in it stays text."""
    answer = browser.get("/_localaws/logs/<b>nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert answer.text == "There is no log of a job named <b>nowhere (yet).\n"


@pytest.mark.parametrize(
    ("key", "mimetype"),
    [("a/report.html", "text/html"), ("a/metrics.json", "application/json"), ("a/part", "application/octet-stream")],
)
def test_an_object_is_shown_as_what_its_name_says(browser: FlaskClient, s3: S3Backend, key: str, mimetype: str) -> None:
    """The bytes are the object's own, its kind comes from its key."""
    s3.put_object("lake", key, b"\x00content")
    answer = browser.get(f"/_localaws/objects/lake/{key}")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, mimetype, b"\x00content")


def test_an_object_cannot_do_anything(browser: FlaskClient, s3: S3Backend) -> None:
    """A page from a bucket runs no script, loads nothing, submits nothing, and is of no origin."""
    s3.put_object("lake", "report.html", b"<script>alert(1)</script>")
    policy = browser.get("/_localaws/objects/lake/report.html").headers["Content-Security-Policy"]
    directives = {name: set(values) for name, *values in (part.split() for part in policy.split(";"))}
    assert directives["default-src"] == {"'none'"}  # scripts fall back to it
    assert not {"script-src", "script-src-elem", "connect-src", "frame-src", "object-src"} & set(directives)
    assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & directives["sandbox"]
    assert directives["img-src"] == {"data:"}


def test_the_newest_version_is_shown(browser: FlaskClient, s3: S3Backend) -> None:
    """Of an object with versions, the last one; of one whose last version is a delete marker, none."""
    s3.put_bucket_versioning("lake", "Enabled")
    for content in (b"old", b"new"):
        s3.put_object("lake", "report.html", content)
    assert browser.get("/_localaws/objects/lake/report.html").data == b"new"
    s3.delete_object("lake", "report.html")
    assert browser.get("/_localaws/objects/lake/report.html").status_code == 404


@pytest.mark.parametrize("place", ["lake/absent.html", "no-such-bucket/report.html"])
def test_an_absent_object_is_not_found(browser: FlaskClient, s3: S3Backend, place: str) -> None:
    """Whether the key or the bucket is missing, the answer is 404 and names the place."""
    assert s3.buckets.keys() == {"lake"}
    answer = browser.get(f"/_localaws/objects/{place}")
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert answer.text == f"There is no object s3://{place}.\n"
