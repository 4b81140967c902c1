"""localaws as a producer, a reader and an account's administrator reach it: plain boto3 against one endpoint."""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from include.specs import catalog
from laptop.settings import BUCKET, REGION, ROLE, TOPIC_PREFIX

# SageMaker may take the role on; localaws does not check, an account would.
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "sagemaker.amazonaws.com"}}]}'
)


def client(service: str, endpoint: str) -> Any:
    """A client of `service` that can reach nothing but `endpoint`, whatever profile or proxy its user has set."""
    fixed = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(botocore_session=botocore.session.Session(session_vars=fixed))
    return session.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="laptop",
        aws_secret_access_key="laptop",  # noqa: S106 no secret: localaws checks none
        config=Config(proxies={}, retries={"mode": "standard", "max_attempts": 3}),
    )


def bootstrap(endpoint: str) -> None:
    """Make what an account has before the first run: the bucket, the jobs' role and each model's topic. Repeatable."""
    s3 = client("s3", endpoint)
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    iam = client("iam", endpoint)
    roles = iam.get_paginator("list_roles").paginate()
    if ROLE not in {role["RoleName"] for page in roles for role in page["Roles"]}:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    sns = client("sns", endpoint)
    for model in catalog.sound():
        sns.create_topic(Name=TOPIC_PREFIX.rsplit(":", 1)[1] + model)
