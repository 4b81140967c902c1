"""An environment is what its variables say, or an error that names the variable."""

import pytest

from include.specs.environment import (
    PREFIX,
    bucket,
    catch_up,
    deferrable,
    environment,
    for_telling,
    is_of_an_option,
    retry_pace,
)
from include.specs.errors import SpecError

REQUIRED = {
    f"{PREFIX}BUCKET": "lake",
    f"{PREFIX}ROLE_ARN": "arn:role",
    f"{PREFIX}IMAGE": "ml",
    f"{PREFIX}TOPIC_PREFIX": "arn:topic-",
}


def test_what_is_required_is_enough() -> None:
    """The rest has defaults; other variables are not looked at."""
    found = environment(REQUIRED | {"HOME": "/root"})
    assert (found.bucket, found.topic("churn")) == ("lake", "arn:topic-churn")
    assert (found.deferrable, found.poll_interval_s, found.subnets, found.kms_key) == (True, 15.0, (), None)


@pytest.mark.parametrize("said", [{}, {f"{PREFIX}CODE_VERSION": ""}])
def test_code_version_that_nobody_says_is_unknown(said: dict[str, str]) -> None:
    """An option without a value says nothing."""
    assert environment(REQUIRED | said).code_version == "unknown"
    assert environment(REQUIRED | {f"{PREFIX}CODE_VERSION": "abc"}).code_version == "abc"


NETWORK = {f"{PREFIX}SUBNETS": "a, b,", f"{PREFIX}SECURITY_GROUPS": "c"}


@pytest.mark.parametrize("name", NETWORK)
def test_half_a_network_is_refused(name: str) -> None:
    """SageMaker takes subnets only with security groups."""
    with pytest.raises(SpecError, match="SECURITY_GROUPS must be set where SUBNETS is"):
        environment(REQUIRED | {name: "x"})


def test_what_is_said_is_taken() -> None:
    """Lists are separated by commas."""
    found = environment(REQUIRED | NETWORK | {f"{PREFIX}POLL_INTERVAL_S": "0.5", f"{PREFIX}DEFERRABLE": " False "})
    assert (found.subnets, found.poll_interval_s, found.deferrable) == (("a", "b"), 0.5, False)


def test_groups_may_have_an_end_of_their_own() -> None:
    """Without one, a model's group has its name."""
    assert environment(REQUIRED).group("churn") == "churn"
    assert environment(REQUIRED | {f"{PREFIX}GROUP_SUFFIX": "-dev"}).group("churn") == "churn-dev"


@pytest.mark.parametrize("suffix", ["-", "-dev-", "_dev", "/dev", "-" + "d" * 39])
def test_group_that_sagemaker_would_refuse_is_refused(suffix: str) -> None:
    """Before a training is paid for."""
    with pytest.raises(SpecError, match=r"GROUP_SUFFIX must be at most 39 letters, digits and hyphens"):
        environment(REQUIRED | {f"{PREFIX}GROUP_SUFFIX": suffix})


def test_topics_may_be_fifo_ones() -> None:
    """Their names have an end of their own."""
    assert environment(REQUIRED | {f"{PREFIX}TOPIC_SUFFIX": ".fifo"}).topic("churn") == "arn:topic-churn.fifo"


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_option_is_named(name: str, value: str | None) -> None:
    """As a variable and as MWAA's configuration option."""
    variables = {key: found for key, found in REQUIRED.items() if key != name} | (
        {} if value is None else {name: value}
    )
    with pytest.raises(
        SpecError, match=rf"{name} must be set .*perennial\.{name.removeprefix(PREFIX).lower()}"
    ) as raised:
        environment(variables)
    assert is_of_an_option(raised.value)


PLACES = {
    f"{PREFIX}TOPIC_SUFFIX": ".fifo",
    f"{PREFIX}LOG_PAGE": "https://logs/{group}/{job}",
    f"{PREFIX}OBJECT_PAGE": "https://objects/{bucket}/{key}",
    f"{PREFIX}RUNBOOK": "https://wiki/r",
    "AIRFLOW__API__BASE_URL": "https://airflow",
}


def test_what_is_told_goes_by_the_same_options() -> None:
    """To the same topic, with the same links."""
    variables = REQUIRED | PLACES
    assert for_telling(variables) == environment(variables)


@pytest.mark.parametrize("name", REQUIRED)
def test_telling_needs_a_topic_only(name: str) -> None:
    """Whatever else is missing, or cannot be read; where topics are is missed by who asks for one."""
    variables = {key: value for key, value in REQUIRED.items() if key != name} | {f"{PREFIX}POLL_INTERVAL_S": "soon"}
    found = for_telling(variables)
    if name == f"{PREFIX}TOPIC_PREFIX":
        with pytest.raises(SpecError, match=r"TOPIC_PREFIX must be set .*perennial\.topic_prefix"):
            found.topic("churn")
    else:
        assert found.topic("churn") == "arn:topic-churn"


def test_bucket_needs_no_other_option() -> None:
    """It is missed only where it is not set itself."""
    assert bucket({f"{PREFIX}BUCKET": "lake"}) == "lake"
    with pytest.raises(SpecError, match="BUCKET must be set"):
        bucket({f"{PREFIX}BUCKET": ""})


def test_an_option_that_cannot_be_read_is_refused() -> None:
    """With what came."""
    with pytest.raises(SpecError, match="DEFERRABLE must be true or false, got 'maybe'") as raised:
        deferrable({f"{PREFIX}DEFERRABLE": "maybe"})
    assert is_of_an_option(raised.value)
    with pytest.raises(
        SpecError, match="POLL_INTERVAL_S must be a number of seconds above 0, at most 3600, got 'soon'"
    ):
        environment(REQUIRED | {f"{PREFIX}POLL_INTERVAL_S": "soon"})
    with pytest.raises(SpecError, match="RETRY_PACE must be a number, got 'soon'"):
        retry_pace({f"{PREFIX}RETRY_PACE": "soon"})
    for pace in ("-0.1", "nan"):
        with pytest.raises(SpecError, match="RETRY_PACE must be at least 0, got"):
            retry_pace({f"{PREFIX}RETRY_PACE": pace})


@pytest.mark.parametrize("said", ["0", "-1", "nan", "inf", "3601"])
def test_jobs_are_looked_at_now_and_then(said: str) -> None:
    """Neither without a pause, by which SageMaker would be asked as fast as it answers, nor never."""
    with pytest.raises(
        SpecError, match="POLL_INTERVAL_S must be a number of seconds above 0, at most 3600, got"
    ) as raised:
        environment(REQUIRED | {f"{PREFIX}POLL_INTERVAL_S": said})
    assert is_of_an_option(raised.value)


@pytest.mark.parametrize(
    ("said", "pace"), [({}, 1.0), ({f"{PREFIX}RETRY_PACE": "0"}, 0.0), ({f"{PREFIX}RETRY_PACE": "0.05"}, 0.05)]
)
def test_pace_of_retries(said: dict[str, str], pace: float) -> None:
    """Waits are as long as the table has them, unless somebody says otherwise; nothing else needs to be set."""
    assert retry_pace(said) == pace


def test_missed_days_are_made_up() -> None:
    """Two weeks of them, unless somebody says otherwise; a number that is none of days is refused."""
    assert (catch_up({}), catch_up({f"{PREFIX}CATCH_UP": "1"})) == (14, 1)
    for said in ("0", "1.5", "nan", "inf"):
        with pytest.raises(SpecError, match="CATCH_UP must be a whole number of at least 1, got"):
            catch_up({f"{PREFIX}CATCH_UP": said})


@pytest.mark.parametrize("base", ["https://airflow.example", "https://airflow.example/", "https://example/airflow/"])
def test_page_of_a_run(base: str) -> None:
    """It lies under the address of the UI, however that ends."""
    found = environment(REQUIRED | {"AIRFLOW__API__BASE_URL": base})
    assert found.run_url("churn_training", "manual__1") == f"{base.rstrip('/')}/dags/churn_training/runs/manual__1"


def test_run_has_no_page_where_the_ui_has_no_address() -> None:
    """Half a link is none."""
    assert environment(REQUIRED).run_url("churn_training", "manual__1") == ""


def test_runbook_may_lie_elsewhere() -> None:
    """In the repository, unless its address is set."""
    assert environment(REQUIRED).runbook == "docs/runbook.md"
    assert environment(REQUIRED | {f"{PREFIX}RUNBOOK": "https://wiki/r"}).runbook == "https://wiki/r"


@pytest.mark.parametrize(
    ("role", "host"),
    [
        ("arn:aws:iam::123456789012:role/jobs", "console.aws.amazon.com"),
        ("arn:aws-cn:iam::123456789012:role/jobs", "console.amazonaws.cn"),
        ("arn:aws-us-gov:iam::123456789012:role/jobs", "console.amazonaws-us-gov.com"),
        ("jobs", "console.aws.amazon.com"),
    ],
)
def test_pages_are_those_of_the_console_of_the_account(role: str, host: str) -> None:
    """A log is looked for in its own region, not in the one that a person last used."""
    found = environment(REQUIRED | {f"{PREFIX}ROLE_ARN": role})
    log = found.log_url("/aws/sagemaker/TrainingJobs", "churn-train-1", region="eu-west-1")
    assert log == (
        f"https://{host}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dchurn-train-1"
    )
    assert found.object_url("a b/c.html") == f"https://{host}/s3/object/lake?prefix=a%20b/c.html"


def test_pages_may_lie_elsewhere() -> None:
    """Their addresses need not name all that they could."""
    pages = {f"{PREFIX}LOG_PAGE": "http://127.0.0.1/logs/{job}", f"{PREFIX}OBJECT_PAGE": "http://127.0.0.1/{key}"}
    found = environment(REQUIRED | pages)
    assert found.log_url("/g", "j", region="eu-west-1") == "http://127.0.0.1/logs/j"
    assert found.object_url("k") == "http://127.0.0.1/k"
