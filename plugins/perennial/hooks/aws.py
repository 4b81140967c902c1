"""A boto3 client through the Airflow connection, with the retries that every call of ours has."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from perennial.retries import CALL_RETRIES, CALL_TIMEOUTS, CALLBACK_RETRIES, CALLBACK_TIMEOUTS

CONNECTION = "aws_default"


class AwsHook(AwsBaseHook):
    """The provider's hook, whose user agent says that the project calls, and not which operator.

    To find that operator the provider reads the source of every frame of its stack (`inspect.stack`), for each client
    anew: half of what a client costs. Where a provider should not ask `_get_caller` any more, nothing is lost.
    """

    def _get_caller(self, target_function_name: str = "execute") -> str:  # noqa: ARG002 the provider's signature
        return "Perennial"


def config() -> Config:
    """The retries and timeouts of every call, a trigger's too; but for a callback's."""
    return Config(retries=dict(CALL_RETRIES), **CALL_TIMEOUTS)


def callback_config() -> Config:
    """Those of a callback, whose time is short."""
    return Config(retries=dict(CALLBACK_RETRIES), **CALLBACK_TIMEOUTS)


def client(
    service: str, *, connection: str = CONNECTION, region: str | None = None, patience: Config | None = None
) -> Any:
    """The boto3 client of `service`; as patient as `config` says, unless it is to be otherwise."""
    hook = AwsHook(aws_conn_id=connection, client_type=service, region_name=region, config=patience or config())
    return hook.get_conn()
