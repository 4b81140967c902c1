"""The client that every call of ours goes through."""

from airflow.configuration import conf
from perennial.hooks.aws import callback_config, client
from perennial.retries import CALL_RETRIES, CALL_TIMEOUTS, CALLBACK_CALLS, CALLBACK_RETRIES, CALLBACK_TIMEOUTS

LONGEST_PAUSE_S = 1  # botocore's standard mode, between the first attempt and the second: a part of a second
CONTINUE_S = 1  # for which botocore waits to be told to go on with a PUT


def test_client_retries_before_a_task_sees_a_fault() -> None:
    """Throttling is retried inside the call, eight times after the first, with backoff."""
    config = client("sagemaker").meta.config
    assert config.retries["mode"] == CALL_RETRIES["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 1 + CALL_RETRIES["max_attempts"]


def test_client_does_not_wait_for_ever() -> None:
    """A connection that is not made and an answer that does not come end after a time that the table says."""
    config = client("s3").meta.config
    assert (config.connect_timeout, config.read_timeout) == tuple(CALL_TIMEOUTS.values())


def test_client_asks_in_the_region_it_is_told() -> None:
    """A region that was carried along wins over that of the process."""
    assert client("sagemaker").meta.region_name == "eu-west-1"
    assert client("sagemaker", region="us-west-2").meta.region_name == "us-west-2"


def test_calls_say_who_made_them() -> None:
    """AWS's own records of calls have the user agent; the provider would look through the stack for a name to put."""
    assert " Caller/Perennial " in client("s3").meta.config.user_agent_extra


def test_callback_has_ended_before_airflow_kills_it() -> None:
    """If no call is answered, there is time left to read the DAG's file and to get credentials."""
    made = client("sns", patience=callback_config()).meta.config
    attempts = made.retries["total_max_attempts"]
    assert attempts == CALLBACK_RETRIES["total_max_attempts"] == 2
    assert (made.connect_timeout, made.read_timeout) == tuple(CALLBACK_TIMEOUTS.values())
    call_s = attempts * (made.connect_timeout + made.read_timeout) + (attempts - 1) * LONGEST_PAUSE_S
    assert CALLBACK_CALLS * call_s + attempts * CONTINUE_S <= 0.6 * conf.getint(
        "dag_processor", "dag_file_processor_timeout"
    )
