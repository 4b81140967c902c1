"""A boto3 client through the Airflow connection, with the retries that every call of ours has."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from perennial.retries import CALL_RETRIES, CALL_TIMEOUTS

CONNECTION = "aws_default"


def config() -> Config:
    """The retries and timeouts of every call, a trigger's too."""
    return Config(retries=dict(CALL_RETRIES), **CALL_TIMEOUTS)


def client(service: str, *, connection: str = CONNECTION, region: str | None = None) -> Any:
    """The boto3 client of `service`."""
    hook = AwsBaseHook(aws_conn_id=connection, client_type=service, region_name=region, config=config())
    return hook.get_conn()
