"""The server as a whole: health, refusals, events, restart, SIGKILL, isolation modes, images."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import PATIENCE_S, Jobs, Server, is_running, start_server, unique, until

SLEEPING = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)"


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


def fill(server: Server) -> tuple[Jobs, str, int]:
    """State in every service that matters, with a job that runs; the job's name and process id."""
    jobs = Jobs(server=server, bucket="lake")
    jobs.put("kept", "content")
    jobs.process("pass", ProcessingJobName="before")
    server.client("sns").create_topic(Name="alerts")
    server.client("sqs").create_queue(QueueName="inbox")
    jobs.sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    name = jobs.start_training(SLEEPING, TrainingJobName="running")
    (line,) = until(lambda: jobs.log_lines("Training", name), what="the job to run")
    # in a namespace of its own the job may see another number: look it up by its token
    return jobs, name, int(line)


def check_kept(server: Server) -> None:
    """Everything that ``fill`` made is still there."""
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    assert s3.get_object(Bucket="lake", Key="kept")["Body"].read() == b"content"
    assert sagemaker.describe_processing_job(ProcessingJobName="before")["ProcessingJobStatus"] == "Completed"
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="churn")
    assert server.client("sns").list_topics()["Topics"]
    assert server.client("sqs").get_queue_url(QueueName="inbox")
    interrupted = sagemaker.describe_training_job(TrainingJobName="running")
    assert interrupted["TrainingJobStatus"] == "Failed"
    assert interrupted["SecondaryStatus"] == "Failed"
    assert interrupted["FailureReason"].startswith("InternalServerError: localaws was restarted")
    group = "/aws/sagemaker/ProcessingJobs"
    assert server.client("logs").describe_log_streams(logGroupName=group)["logStreams"]


def test_state_survives_a_restart_and_interrupted_jobs_say_so(tmp_path: Path) -> None:
    """After SIGTERM and a new start all is there; the job that ran is Failed, and its process was ended."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    _, _, process_id = fill(first)
    assert first.end() == 0
    assert not is_running(process_id)
    second = start_server(tmp_path, "--data-dir", data)
    try:
        check_kept(second)
    finally:
        assert second.end() == 0
    assert list((tmp_path / "data" / "jobs").glob("*")) == []


def test_a_sigkill_loses_a_second_at_most_and_leaves_no_job_behind(tmp_path: Path) -> None:
    """After SIGKILL what was done a moment before is there, and the reaper has ended the job."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    _, _, process_id = fill(first)
    time.sleep(1.5)  # the second that may be lost
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    until(lambda: not is_running(process_id), what="the job to be ended")
    second = start_server(tmp_path, "--data-dir", data)
    try:
        check_kept(second)
    finally:
        assert second.end() == 0


def test_what_moto_resets_does_not_come_back(tmp_path: Path) -> None:
    """moto's reset empties every service, for the next start too."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    Jobs(server=first, bucket="lake").put("gone", "content")
    time.sleep(1)  # so that there is a snapshot that must go
    urllib.request.urlopen(f"{first.endpoint}/moto-api/reset", data=b"").close()  # noqa: S310  # our server
    assert first.end() == 0
    second = start_server(tmp_path, "--data-dir", data)
    try:
        assert second.client("s3").list_buckets()["Buckets"] == []
    finally:
        assert second.end() == 0


def test_a_data_dir_serves_one_server(tmp_path: Path) -> None:
    """A second server on the same folder refuses to start and says what to do."""
    data = str(tmp_path / "data")
    first = start_server(tmp_path, "--data-dir", data)
    try:
        command = [sys.executable, "-m", "localaws", "--port", "0", "--data-dir", data]
        second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    finally:
        first.end()
    assert second.returncode == 1
    assert "in use by another localaws" in second.stderr


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


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


def test_the_best_isolation_is_chosen(server: Server) -> None:
    """Root gets a mount namespace for each job where the kernel gives one, and nothing less."""
    if os.geteuid() != 0 or not works("unshare", "-m", "true"):
        pytest.skip("not root, or no mount namespaces here")
    assert server.isolation == "mount-namespace"


WRITE_AND_READ = (
    "import pathlib\n"
    "pathlib.Path('/opt/ml/processing/output/x').write_text('from the job')\n"
    "print(pathlib.Path('/opt/ml/processing/output/x').read_text())\n"
)


def check_isolated(server: Server) -> None:
    """Two jobs, one after the other or together, each with its own /opt/ml."""
    jobs = Jobs(server=server, bucket="lake")
    target = {"S3Uri": "s3://lake/out", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    outputs = {"Outputs": [{"OutputName": "o", "S3Output": target}]}
    names = [jobs.start_processing(WRITE_AND_READ, ProcessingOutputConfig=outputs) for _ in range(2)]
    assert [jobs.processed(name)["ProcessingJobStatus"] for name in names] == ["Completed", "Completed"]
    assert jobs.text("out/x") == "from the job"


def test_isolation_in_a_user_namespace(tmp_path: Path) -> None:
    """An ordinary user's jobs get their own /opt/ml in a user namespace."""
    if not works("unshare", "-Urm", "true"):
        pytest.skip("this kernel gives ordinary users no namespaces")
    server = start_server(tmp_path, "--isolation", "user-namespace")
    try:
        assert server.isolation == "user-namespace"
        check_isolated(server)
    finally:
        assert server.end() == 0


def test_isolation_by_symlink_runs_one_job_at_a_time(tmp_path: Path) -> None:
    """Where there are no namespaces, jobs queue for the one /opt/ml."""
    if os.geteuid() != 0 or not works("unshare", "-m", "true"):
        pytest.skip("the test needs a private /opt to put the link into, which takes root")
    # The interpreter may live below /opt: keep what is there, on a copy that ends with the server.
    held = tmp_path / "opt"
    held.mkdir()
    script = (
        'mount --rbind /opt "$1"; mount -t tmpfs none /opt; '
        'for c in "$1"/*; do [ -d "$c" ] && mkdir "/opt/${c##*/}" && mount --rbind "$c" "/opt/${c##*/}"; done; '
        'shift; exec "$@"'
    )
    wrapper = ("unshare", "-m", "/bin/sh", "-c", script, "sh", str(held))
    server = start_server(tmp_path, "--isolation", "symlink", wrapper=wrapper)
    try:
        assert server.isolation == "symlink"
        check_isolated(server)
    finally:
        assert server.end() == 0
