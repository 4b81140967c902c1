"""Processing jobs, over HTTP: the container contract, logs, S3 in and out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import Jobs, unique, until


def output(uri: str, *, mode: str = "EndOfJob", path: str = "/opt/ml/processing/output") -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": "result", "S3Output": target}]}


def test_inputs_are_there_before_the_command_and_outputs_in_s3_before_the_status(jobs: Jobs) -> None:
    """An input prefix keeps its tree below LocalPath; a completed job's outputs are in S3."""
    jobs.put("raw/a/1.csv", "one")
    uri = jobs.put("raw/2.csv", "two").rpartition("/")[0]
    source = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    ended = jobs.process(
        "from pathlib import Path\n"
        "found = {p.name: p.read_text() for p in Path('/opt/ml/processing/in').rglob('*.csv')}\n"
        "Path('/opt/ml/processing/output/deep').mkdir()\n"
        "Path('/opt/ml/processing/output/deep/found.txt').write_text(str(sorted(found.items())))\n",
        ProcessingInputs=[{"InputName": "raw", "S3Input": source}],
        ProcessingOutputConfig=output(f"s3://{jobs.bucket}/out"),
    )
    assert ended["ProcessingJobStatus"] == "Completed", ended
    assert jobs.text("out/deep/found.txt") == "[('1.csv', 'one'), ('2.csv', 'two')]"


def test_the_container_contract_file_by_file(jobs: Jobs) -> None:
    """A processing container finds its two configuration files, its variables and its own writable /opt/ml."""
    ended = jobs.process(
        "import json, os\n"
        "config = json.load(open('/opt/ml/config/processingjobconfig.json'))\n"
        "resources = json.load(open('/opt/ml/config/resourceconfig.json'))\n"
        "told = {'config': config, 'resources': resources, 'env': dict(os.environ)}\n"
        "json.dump(told, open('/opt/ml/processing/output/told.json', 'w'))\n",
        Environment={"MY_SETTING": "42"},
        ProcessingOutputConfig=output(f"s3://{jobs.bucket}/told"),
        StoppingCondition={"MaxRuntimeInSeconds": 50},
    )
    told = json.loads(jobs.text("told/told.json"))
    assert told["config"]["ProcessingJobArn"] == ended["ProcessingJobArn"]
    assert told["config"]["ProcessingJobName"] == ended["ProcessingJobName"]
    assert told["config"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 50}
    assert told["config"]["Environment"] == {"MY_SETTING": "42"}
    assert told["config"]["NetworkConfig"] is None
    assert told["resources"]["current_host"] == "algo-1"
    assert told["resources"]["hosts"] == ["algo-1"]
    assert told["env"]["MY_SETTING"] == "42"
    assert told["env"]["PROCESSING_JOB_ARN"] == ended["ProcessingJobArn"]
    assert told["env"]["AWS_REGION"] == "eu-west-1"
    assert told["env"]["AWS_ENDPOINT_URL"] == jobs.server.endpoint


def test_the_host_environment_does_not_leak_into_a_job(jobs: Jobs) -> None:
    """A job's environment is made from the request and the image, as a container's is."""
    name = jobs.start_processing("import os\nprint(sorted(os.environ))\n")
    jobs.processed(name)
    (line,) = jobs.log_lines("Processing", name)
    assert "PYTEST" not in line
    assert "PROCESSING_JOB_NAME" in line


def test_what_was_sent_comes_back_on_describe(jobs: Jobs) -> None:
    """Describe returns every field of the request."""
    request = jobs.processing_request(
        "pass", Environment={"A": "b"}, ProcessingOutputConfig=output(f"s3://{jobs.bucket}/out")
    )
    jobs.sagemaker.create_processing_job(**request, Tags=[{"Key": "owner", "Value": "me"}])
    ended = jobs.processed(request["ProcessingJobName"])
    assert {name: ended[name] for name in request} == request
    assert jobs.sagemaker.list_tags(ResourceArn=ended["ProcessingJobArn"])["Tags"] == [{"Key": "owner", "Value": "me"}]


def test_a_manifest_names_the_objects(jobs: Jobs) -> None:
    """A ManifestFile input brings the objects it lists and no others."""
    for name in ("a", "b", "c"):
        jobs.put(f"parts/{name}.csv", name)
    uri = jobs.put("manifest.json", json.dumps([{"prefix": f"s3://{jobs.bucket}/parts/"}, "a.csv", "c.csv"]))
    path = "/opt/ml/processing/in"
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "ManifestFile", "S3InputMode": "File"}
    name = jobs.start_processing(
        f"import os\nprint(sorted(os.listdir('{path}')))", ProcessingInputs=[{"InputName": "raw", "S3Input": source}]
    )
    jobs.processed(name)
    assert jobs.log_lines("Processing", name) == ["['a.csv', 'c.csv']"]


def test_continuous_outputs_are_in_s3_while_the_job_runs(jobs: Jobs) -> None:
    """An output with Continuous upload is seen, and seen changing, before the job ends."""
    script = (
        "import time, pathlib\n"
        "path = pathlib.Path('/opt/ml/processing/output/progress')\n"
        "for step in range(600):\n"
        "    path.write_text(str(step))\n"
        "    time.sleep(0.1)\n"
    )
    name = jobs.start_processing(script, ProcessingOutputConfig=output(f"s3://{jobs.bucket}/live", mode="Continuous"))
    until(lambda: "live/progress" in jobs.keys("live"), what="the first upload")
    first = jobs.text("live/progress")
    until(lambda: jobs.text("live/progress") != first, what="the second upload")
    assert jobs.sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress"
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert jobs.processed(name)["ProcessingJobStatus"] == "Stopped"


def test_logs_grow_while_the_job_runs(jobs: Jobs) -> None:
    """A line is in CloudWatch before the job ends, in a stream named as AWS names it."""
    name = jobs.start_processing("import time\nprint('first line', flush=True)\ntime.sleep(600)")
    jobs.wait_for_line("Processing", name, "first line")
    description = jobs.sagemaker.describe_processing_job(ProcessingJobName=name)
    assert description["ProcessingJobStatus"] == "InProgress"
    streams = jobs.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    prefix, _, epoch = streams[0]["logStreamName"].rpartition("-")
    assert prefix == f"{name}/algo-1"
    assert epoch.isdigit()
    jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    jobs.processed(name)


def test_stdout_and_stderr_are_both_logged_in_order(jobs: Jobs) -> None:
    """Both streams of a job go to its log."""
    name = jobs.start_processing(
        "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr, flush=True)\nprint('no line end', end='')"
    )
    jobs.processed(name)
    assert jobs.log_lines("Processing", name) == ["out", "err", "no line end"]


def test_two_jobs_at_once_each_have_their_own_opt_ml(jobs: Jobs) -> None:
    """Two jobs that hard-code the same path run at the same time and do not meet."""
    if jobs.server.isolation == "symlink":
        pytest.skip("one job at a time in this isolation mode")
    script = (
        "import os, pathlib, time\n"
        "me = os.environ['PROCESSING_JOB_NAME']\n"
        "path = pathlib.Path('/opt/ml/processing/output/me')\n"
        "path.write_text(me)\n"
        "print('written', flush=True)\n"
        "while not os.environ.get('STOP') and not pathlib.Path('/opt/ml/output/go').exists():\n"
        "    time.sleep(0.05)\n"
    )
    names = [
        jobs.start_processing(script, ProcessingOutputConfig=output(f"s3://{jobs.bucket}/both-{i}", mode="Continuous"))
        for i in range(2)
    ]
    for name in names:
        jobs.wait_for_line("Processing", name, "written")
    for i, name in enumerate(names):
        until(lambda i=i: jobs.keys(f"both-{i}"), what="the upload")
        assert jobs.text(f"both-{i}/me") == name
        jobs.sagemaker.stop_processing_job(ProcessingJobName=name)
    for name in names:
        jobs.processed(name)


def test_a_name_is_taken_for_good(jobs: Jobs) -> None:
    """A second job of a name is refused with AWS's code and words, after the first has ended too."""
    request = jobs.processing_request("pass")
    arn = jobs.sagemaker.create_processing_job(**request)["ProcessingJobArn"]
    jobs.processed(request["ProcessingJobName"])
    with pytest.raises(jobs.sagemaker.exceptions.ResourceInUse) as caught:
        jobs.sagemaker.create_processing_job(**request)
    message = caught.value.response["Error"]["Message"]
    assert message.startswith("Job name must be unique within an AWS account and region")
    assert arn in message


def test_an_unknown_job_is_a_validation_exception(jobs: Jobs) -> None:
    """Describe of a job that does not exist answers as AWS does, which operators take for 'does not exist'."""
    with pytest.raises(ClientError) as caught:
        jobs.sagemaker.describe_processing_job(ProcessingJobName="nowhere")
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Could not find requested job with name: nowhere",
    }


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                }
            },
            "UnsupportedOperation",
            "InstanceCount",
        ),
        ({"ProcessingJobName": "a" * 64}, "ValidationException", "regular expression"),
        (
            {
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.huge", "VolumeSizeInGB": 1}
                }
            },
            "ValidationException",
            "enum value set",
        ),
        (
            {"ProcessingOutputConfig": output("s3://b/out", path="/srv/outside")},
            "ValidationException",
            "under /opt/ml",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_once(jobs: Jobs, changes: dict[str, Any], code: str, words: str) -> None:
    """A request that AWS or localaws cannot serve is refused when it is made, and the answer names the field."""
    with pytest.raises(ClientError) as caught:
        jobs.sagemaker.create_processing_job(**jobs.processing_request("pass", **changes))
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_pages_are_cut_before_they_are_filtered(jobs: Jobs) -> None:
    """As botocore's documentation of ListTrainingJobs has it: a page may show less than it has room for, or nothing."""
    stem = unique("listed")
    names = [f"{stem}-{i}" for i in range(3)]
    for name in names:
        jobs.start_processing("pass", ProcessingJobName=name)
    for name in names:
        jobs.processed(name)
    pages = jobs.sagemaker.get_paginator("list_processing_jobs").paginate(
        NameContains=stem,
        StatusEquals="Completed",
        SortBy="Name",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    listed = [[entry["ProcessingJobName"] for entry in page["ProcessingJobSummaries"]] for page in pages]
    assert [name for page in listed for name in page] == names[::-1]
    last = jobs.sagemaker.list_processing_jobs(NameContains=names[2], SortOrder="Descending", MaxResults=1)
    newest = jobs.sagemaker.list_processing_jobs(NameContains=names[0], SortOrder="Descending", MaxResults=1)
    assert [entry["ProcessingJobName"] for entry in last["ProcessingJobSummaries"]] == [names[2]]
    assert newest["ProcessingJobSummaries"] == []
    assert "NextToken" in newest
