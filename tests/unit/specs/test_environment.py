"""An environment is what its variables say, or an error that names the variable."""

import pytest

from include.specs.environment import PREFIX, deferrable, environment
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


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_option_is_named(name: str, value: str | None) -> None:
    """As a variable and as MWAA's configuration option."""
    variables = {key: found for key, found in REQUIRED.items() if key != name} | (
        {} if value is None else {name: value}
    )
    with pytest.raises(SpecError, match=rf"{name} must be set .*perennial\.{name.removeprefix(PREFIX).lower()}"):
        environment(variables)


def test_an_option_that_cannot_be_read_is_refused() -> None:
    """With what came."""
    with pytest.raises(SpecError, match="DEFERRABLE must be true or false, got 'maybe'"):
        deferrable({f"{PREFIX}DEFERRABLE": "maybe"})
    with pytest.raises(SpecError, match="POLL_INTERVAL_S must be a number of seconds, got 'soon'"):
        environment(REQUIRED | {f"{PREFIX}POLL_INTERVAL_S": "soon"})
