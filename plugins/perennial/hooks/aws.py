"""A boto3 client through the Airflow connection, with the retries that every call of ours has."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

CONNECTION = "aws_default"
# Throttling and passing service faults are retried inside the call, with jittered backoff, before a task sees them.
RETRIES = {"mode": "standard", "max_attempts": 8}


def client(service: str, *, connection: str = CONNECTION, region: str | None = None) -> Any:
    """The boto3 client of `service`."""
    hook = AwsBaseHook(aws_conn_id=connection, client_type=service, region_name=region, config=Config(retries=RETRIES))
    return hook.get_conn()
