"""Training jobs, over HTTP: the container contract, models and metrics, the ways to end, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contracts.localaws.harness import SPOT, Jobs, statuses, unique, unpacked


def test_the_container_contract_file_by_file(jobs: Jobs) -> None:
    """A training container finds its configuration, its channels, its variables and its folders."""
    jobs.put("train/part.csv", "1,2")
    ended = jobs.train(
        "import json, os, pathlib\n"
        "config = pathlib.Path('/opt/ml/input/config')\n"
        "told = {path.stem: json.loads(path.read_text()) for path in config.glob('*.json')}\n"
        "told['env'] = dict(os.environ)\n"
        "told['data'] = pathlib.Path('/opt/ml/input/data/train/part.csv').read_text()\n"
        "told['folders'] = [f for f in ('model', 'output/data', 'checkpoints') if os.path.isdir(f'/opt/ml/{f}')]\n"
        "json.dump(told, open('/opt/ml/model/told.json', 'w'))\n",
        HyperParameters={"depth": "3"},
        Environment={"MY_SETTING": "42"},
        InputDataConfig=[jobs.channel("train", f"s3://{jobs.bucket}/train/") | {"ContentType": "text/csv"}],
    )
    assert ended["TrainingJobStatus"] == "Completed", ended
    told = json.loads(unpacked(jobs, ended["ModelArtifacts"]["S3ModelArtifacts"])["told.json"])
    assert told["hyperparameters"] == {"depth": "3"}
    assert told["inputdataconfig"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert told["resourceconfig"]["current_host"] == "algo-1"
    assert told["resourceconfig"]["current_instance_type"] == "ml.m5.large"
    assert told["trainingjobconfig"]["TrainingJobName"] == ended["TrainingJobName"]
    assert told["env"]["TRAINING_JOB_ARN"] == ended["TrainingJobArn"]
    assert told["env"]["MY_SETTING"] == "42"
    assert told["data"] == "1,2"
    assert told["folders"] == ["model", "output/data", "checkpoints"]


def test_a_completed_job_went_through_every_secondary_status(jobs: Jobs) -> None:
    """SecondaryStatusTransitions grow from Starting to Completed, each closed when the next one began."""
    ended = jobs.train("pass")
    assert statuses(ended) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(step["EndTime"] >= step["StartTime"] for step in ended["SecondaryStatusTransitions"])
    assert all(step["StatusMessage"] for step in ended["SecondaryStatusTransitions"])
    assert ended["SecondaryStatus"] == "Completed"
    assert ended["TrainingStartTime"] <= ended["TrainingEndTime"]
    assert ended["TrainingTimeInSeconds"] >= 1
    assert ended["BillableTimeInSeconds"] >= 1


def test_model_and_output_are_uploaded_apart(jobs: Jobs) -> None:
    """/opt/ml/model and /opt/ml/output/data become model.tar.gz and output.tar.gz under the job's name."""
    ended = jobs.train(
        "open('/opt/ml/model/m', 'w').write('model')\nopen('/opt/ml/output/data/o', 'w').write('output')"
    )
    prefix = f"s3://{jobs.bucket}/models/{ended['TrainingJobName']}/output"
    assert ended["ModelArtifacts"]["S3ModelArtifacts"] == f"{prefix}/model.tar.gz"
    assert unpacked(jobs, f"{prefix}/model.tar.gz") == {"m": "model"}
    assert unpacked(jobs, f"{prefix}/output.tar.gz") == {"o": "output"}


def test_the_same_model_gives_the_same_bytes(jobs: Jobs) -> None:
    """Two runs that write the same files give byte for byte the same model.tar.gz."""
    script = "open('/opt/ml/model/b', 'w').write('same')\nopen('/opt/ml/model/a', 'w').write('same')"
    ended = [jobs.train(script) for _ in range(2)]
    keys = [f"models/{job['TrainingJobName']}/output/model.tar.gz" for job in ended]
    first, second = (jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read() for key in keys)
    assert first == second


def test_an_uncompressed_model_is_a_prefix(jobs: Jobs) -> None:
    """OutputDataConfig.CompressionType NONE uploads the model's files one by one."""
    target = {"S3OutputPath": f"s3://{jobs.bucket}/plain", "CompressionType": "NONE"}
    ended = jobs.train("open('/opt/ml/model/m', 'w').write('model')", OutputDataConfig=target)
    assert ended["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model/")
    assert jobs.text(f"plain/{ended['TrainingJobName']}/output/model/m") == "model"


def test_metrics_are_found_by_their_expressions(jobs: Jobs) -> None:
    """FinalMetricDataList has the last value of each metric that a MetricDefinition finds in the log."""
    definitions = [{"Name": "auc", "Regex": "auc=([0-9.]+)"}, {"Name": "loss", "Regex": "loss=([0-9.]+)"}]
    script = "print('epoch 1 auc=0.7')\nprint('epoch 2 auc=0.8')\n"
    ended = jobs.train(script, AlgorithmSpecification={"MetricDefinitions": definitions})
    (metric,) = ended["FinalMetricDataList"]
    assert metric["MetricName"] == "auc"
    assert metric["Value"] == pytest.approx(0.8)


def test_the_failure_file_is_the_failure_reason(jobs: Jobs) -> None:
    """A failing job's reason is what it wrote to /opt/ml/output/failure, and no model is uploaded."""
    ended = jobs.train("open('/opt/ml/output/failure', 'w').write('the label is constant')\nraise SystemExit(2)")
    assert ended["TrainingJobStatus"] == "Failed"
    assert ended["FailureReason"] == "AlgorithmError: the label is constant, exit code: 2"
    assert statuses(ended)[-1] == "Failed"
    assert "ModelArtifacts" not in ended
    assert jobs.keys("models/") == []


def test_a_long_failure_file_is_cut(jobs: Jobs) -> None:
    """To 1024 characters in all, and the exit code is kept."""
    reason = jobs.train("open('/opt/ml/output/failure', 'w').write('x' * 5000)\nraise SystemExit(1)")["FailureReason"]
    assert reason.startswith("AlgorithmError: xxx")
    assert reason.endswith("x, exit code: 1")
    assert len(reason) == 1024


def test_a_missing_channel_is_a_client_error(jobs: Jobs) -> None:
    """A channel without objects fails the job in AWS's words."""
    uri = f"s3://{jobs.bucket}/nothing"
    ended = jobs.train("pass", InputDataConfig=[jobs.channel("train", uri)])
    assert ended["FailureReason"].startswith("ClientError: Data download failed")
    assert f'No S3 objects found under S3 URL "{uri}"' in ended["FailureReason"]


def test_without_an_entrypoint_train_is_looked_up(jobs: Jobs) -> None:
    """An image without entrypoint is run as ``train``; when it has none, the reason names command and image."""
    request = jobs.training_request("pass")
    del request["AlgorithmSpecification"]["ContainerEntrypoint"]
    jobs.sagemaker.create_training_job(**request)
    reason = jobs.trained(request["TrainingJobName"])["FailureReason"]
    assert "'train'" in reason
    assert "'ml:latest'" in reason


def test_max_runtime_stops_the_job_and_keeps_its_model(jobs: Jobs) -> None:
    """A job past MaxRuntimeInSeconds is Stopped, MaxRuntimeExceeded, and what it saved on SIGTERM is uploaded."""
    script = (
        "import signal, sys, time\n"
        "def save(*_):\n"
        "    open('/opt/ml/model/saved', 'w').write('in time')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "time.sleep(600)\n"
    )
    ended = jobs.train(script, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert unpacked(jobs, ended["ModelArtifacts"]["S3ModelArtifacts"]) == {"saved": "in time"}


def test_a_stopped_job_goes_through_stopping(jobs: Jobs) -> None:
    """StopTrainingJob ends the job Stopped; a second stop is refused."""
    name = jobs.start_training("import time\nprint('ready', flush=True)\ntime.sleep(600)")
    jobs.wait_for_line("Training", name, "ready")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    ended = jobs.trained(name)
    assert ended["TrainingJobStatus"] == "Stopped"
    assert "Stopping" in statuses(ended)
    assert statuses(ended)[-1] == "Stopped"
    with pytest.raises(ClientError) as caught:
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_stopping_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    """StopTrainingJob of no job is ResourceNotFound, as the service's model says."""
    with pytest.raises(jobs.sagemaker.exceptions.ResourceNotFound):
        jobs.sagemaker.stop_training_job(TrainingJobName="nowhere")


def test_a_name_is_taken_for_good(jobs: Jobs) -> None:
    """A second job of a name is ResourceInUse, in AWS's words."""
    request = jobs.training_request("pass")
    arn = jobs.sagemaker.create_training_job(**request)["TrainingJobArn"]
    with pytest.raises(jobs.sagemaker.exceptions.ResourceInUse) as caught:
        jobs.sagemaker.create_training_job(**request)
    assert caught.value.response["Error"]["Message"] == (
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})"
    )
    jobs.trained(request["TrainingJobName"])


def test_an_unknown_job_is_a_validation_exception(jobs: Jobs) -> None:
    """Describe of a job that does not exist answers as AWS does."""
    with pytest.raises(ClientError) as caught:
        jobs.sagemaker.describe_training_job(TrainingJobName="nowhere")
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Requested resource not found.",
    }


def test_what_was_sent_comes_back_on_describe(jobs: Jobs) -> None:
    """Describe returns every field of the request."""
    request = jobs.training_request("pass", HyperParameters={"a": "b"}, Environment={"C": "d"}, **SPOT)
    jobs.sagemaker.create_training_job(**request, Tags=[{"Key": "owner", "Value": "me"}])
    ended = jobs.trained(request["TrainingJobName"])
    assert {name: ended[name] for name in request} == request
    assert jobs.sagemaker.list_tags(ResourceArn=ended["TrainingJobArn"])["Tags"] == [{"Key": "owner", "Value": "me"}]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}, "UnsupportedOperation", "Pipe"),
        ({"EnableManagedSpotTraining": True}, "ValidationException", "MaxWaitTimeInSeconds"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 9}},
            "ValidationException",
            "EnableManagedSpotTraining",
        ),
        (
            {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "auc", "Regex": "auc=("}]}},
            "ValidationException",
            "'auc'",
        ),
        ({"InputDataConfig": [Jobs.channel("code", "s3://b/k")]}, "ValidationException", "'code'"),
        ({"OutputDataConfig": {"S3OutputPath": "https://b/k"}}, "ValidationException", "OutputDataConfig"),
    ],
)
def test_what_cannot_be_is_refused_at_once(jobs: Jobs, changes: dict[str, Any], code: str, words: str) -> None:
    """A request that AWS or localaws cannot serve is refused when it is made, and the answer names the field."""
    with pytest.raises(ClientError) as caught:
        jobs.sagemaker.create_training_job(**jobs.training_request("pass", **changes))
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]


def test_a_refused_job_does_not_take_its_name(jobs: Jobs) -> None:
    """After a refusal the same name can be used."""
    name = unique("again")
    wrong = jobs.training_request("pass", TrainingJobName=name, EnableManagedSpotTraining=True)
    with pytest.raises(ClientError):
        jobs.sagemaker.create_training_job(**wrong)
    assert jobs.train("pass", TrainingJobName=name)["TrainingJobStatus"] == "Completed"
