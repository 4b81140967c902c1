"""The account on this machine, on a real server of the AWS API."""

import pytest

from include.specs import catalog
from laptop import aws
from laptop.settings import BUCKET, ROLE


def test_an_account_is_made_ready_once(endpoint: str) -> None:
    """Making it ready again loses nothing: the bucket keeps its objects and its versioning."""
    s3 = aws.client("s3", endpoint)
    s3.put_object(Bucket=BUCKET, Key="kept", Body=b"x")
    aws.bootstrap(endpoint)
    assert s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"x"
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"


def test_each_model_has_its_topic(endpoint: str) -> None:
    """A notification has somewhere to go."""
    topics = {topic["TopicArn"].rsplit(":", 1)[1] for topic in aws.client("sns", endpoint).list_topics()["Topics"]}
    assert topics == {f"perennial-{model}" for model in catalog.load()}


def test_a_profile_of_the_person_plays_no_part(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a profile that does not exist nor an endpoint in the environment changes where calls go."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert [bucket["Name"] for bucket in aws.client("s3", endpoint).list_buckets()["Buckets"]] == [BUCKET]


def test_sagemaker_may_take_the_role_of_the_jobs_on(endpoint: str) -> None:
    """The role is there once, and trusts SageMaker and nobody else."""
    aws.bootstrap(endpoint)
    (role,) = aws.client("iam", endpoint).list_roles()["Roles"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert role["RoleName"] == ROLE
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
