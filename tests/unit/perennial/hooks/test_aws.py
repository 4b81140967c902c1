"""The client that every call of ours goes through."""

from perennial.hooks.aws import client
from perennial.retries import CALL_RETRIES, CALL_TIMEOUTS


def test_client_retries_before_a_task_sees_a_fault() -> None:
    """Throttling is retried inside the call, eight times, with backoff."""
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
