"""The server as a whole: health, refusals, events, images."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import PATIENCE_S, ROLE, Jobs, Server, start_server, unique, until


def test_health_says_how_jobs_are_isolated(server: Server) -> None:
    """GET /_localaws/health answers JSON with the endpoint and the isolation mode."""
    with urllib.request.urlopen(f"{server.endpoint}/_localaws/health") as answer:  # noqa: S310  # our server
        health = json.load(answer)
    assert health["status"] == "ok"
    assert health["endpoint"] == server.endpoint
    assert health["isolation"] == server.isolation


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "named"),
    [
        (
            "sagemaker",
            "create_monitoring_schedule",
            {"MonitoringScheduleName": "a", "MonitoringScheduleConfig": {"MonitoringType": "DataQuality"}},
            "CreateMonitoringSchedule",
        ),
        (
            "sagemaker-featurestore-runtime",
            "delete_record",
            {"FeatureGroupName": "x", "RecordIdentifierValueAsString": "1", "EventTime": "1"},
            "/FeatureGroup/x",
        ),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "nowhere", "Body": b"x"}, "/endpoints/nowhere"),
        ("sns", "put_data_protection_policy", {"ResourceArn": "a", "DataProtectionPolicy": "{}"}, "PutDataProtection"),
        ("braket", "search_jobs", {"filters": []}, "/jobs"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(
    server: Server, service: str, operation: str, arguments: dict[str, object], named: str
) -> None:
    """Whatever localaws lacks is an AWS error with HTTP 400 that names the operation, in the service's protocol."""
    with pytest.raises(ClientError) as caught:
        getattr(server.client(service), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert named in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_web_page_cannot_start_jobs(server: Server) -> None:
    """A request that a browser makes for a web page carries an Origin and is refused."""
    headers = {"Origin": "http://evil.example", "X-Amz-Target": "SageMaker.CreateProcessingJob"}
    request = urllib.request.Request(server.endpoint, data=b"{}", headers=headers)  # noqa: S310  # our server
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310  # our server
    assert caught.value.code == 403
    caught.value.close()


@pytest.mark.parametrize("path", ["/lake/secret", "/_localaws/objects/lake/secret"])
def test_a_web_page_cannot_read_objects(server: Server, path: str) -> None:
    """A page whose name was pointed at this machine asks without an Origin, by a name that is not the server's."""
    headers = {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
    request = urllib.request.Request(f"{server.endpoint}{path}", headers=headers)  # noqa: S310  # our server
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310  # our server
    assert caught.value.code == 403
    caught.value.close()


def test_unknown_and_missing_fields_are_refused_on_the_server(server: Server) -> None:
    """A client that does not validate learns from the server what the service's model does not know."""
    headers = {
        "X-Amz-Target": "SageMaker.CreateProcessingJob",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sagemaker/aws4_request, Signature=x",
    }
    body = json.dumps({"ProcessingJobName": "a", "Colour": "red"}).encode()
    request = urllib.request.Request(server.endpoint, data=body, headers=headers)  # noqa: S310  # our server
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310  # our server
    told = json.load(caught.value)
    caught.value.close()
    assert told["__type"] == "ValidationException"
    assert 'Unknown parameter in input: "Colour"' in told["Message"]
    assert 'Missing required parameter in input: "RoleArn"' in told["Message"]


def test_job_state_changes_are_told_on_the_event_bus(jobs: Jobs) -> None:
    """A rule on a job's end delivers its event to a queue, with times in milliseconds and tags as a map."""
    sqs, events, name = jobs.server.client("sqs"), jobs.server.client("events"), unique("jobs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Processing Job State Change", "SageMaker Training Job State Change"],
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    jobs.process("pass", Tags=[{"Key": "owner", "Value": "me"}])
    trained = jobs.train("pass")
    told: list[dict[str, dict[str, object]]] = []

    def both_ended() -> bool:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        told.extend(json.loads(message["Body"])["detail"] for message in messages)
        ends = [d for d in told if "Completed" in (d.get("ProcessingJobStatus"), d.get("TrainingJobStatus"))]
        return len(ends) == 2

    until(both_ended, what="the events of both jobs")
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    processed = next(d for d in told if d.get("ProcessingJobStatus") == "Completed")
    assert processed["Tags"] == {"owner": "me"}
    assert isinstance(processed["CreationTime"], int)
    secondary = [d["SecondaryStatus"] for d in told if d.get("TrainingJobName") == trained["TrainingJobName"]]
    assert {"Downloading", "Training", "Uploading", "Completed"} <= set(map(str, secondary))


def test_every_action_is_allowed_to_every_role(server: Server) -> None:
    """A client that asks beforehand whether a role may do a thing hears the truth: nothing enforces policies here."""
    actions, resources = ["s3:GetObject", "sagemaker:CreateTrainingJob"], ["arn:aws:s3:::lake/a", "arn:aws:s3:::lake/b"]
    asked = server.client("iam").simulate_principal_policy(
        PolicySourceArn=ROLE, ActionNames=actions, ResourceArns=resources
    )
    decisions = {
        (result["EvalActionName"], result["EvalResourceName"]): result["EvalDecision"]
        for result in asked["EvaluationResults"]
    }
    assert decisions == {(action, resource): "allowed" for action in actions for resource in resources}


def test_the_rest_of_iam_is_motos(server: Server) -> None:
    """Roles are made and found as ever."""
    iam, name = server.client("iam"), unique("role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name


def test_a_malformed_images_file_is_refused(tmp_path: Path) -> None:
    """The error names the file, the entry and the field."""
    images = tmp_path / "images.json"
    images.write_text(json.dumps([{"match": "*", "folder": "/usr"}]))
    command = [sys.executable, "-m", "localaws", "--port", "0", "--images", str(images)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert f"{images}: entry 0: unknown field 'folder'" in done.stderr


def test_an_image_is_a_name_for_an_interpreter(tmp_path: Path) -> None:
    """The first pattern that matches the image's URI gives PATH, working directory and variables."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "train").write_text('#!/bin/sh\necho "$GREETING from $(pwd)" > /opt/ml/model/said\n')
    (tools / "train").chmod(0o755)
    entry = {"match": "*/ml:*", "path": [str(tools)], "workdir": str(tmp_path), "environment": {"GREETING": "hello"}}
    images = tmp_path / "images.json"
    images.write_text(json.dumps([entry, {"match": "*", "path": []}]))
    server = start_server(tmp_path / "server", "--images", str(images))
    try:
        jobs = Jobs(server=server, bucket="lake")
        request = jobs.training_request("pass", AlgorithmSpecification={"TrainingImage": "123.dkr.ecr/ml:v1"})
        del request["AlgorithmSpecification"]["ContainerEntrypoint"]
        request["OutputDataConfig"]["CompressionType"] = "NONE"
        jobs.sagemaker.create_training_job(**request)
        name = request["TrainingJobName"]
        assert jobs.trained(name)["TrainingJobStatus"] == "Completed"
        assert jobs.text(f"models/{name}/output/model/said") == f"hello from {tmp_path}\n"
    finally:
        assert server.end() == 0
