"""A client of the ``sagemaker`` SDK 3, run by its own interpreter: a processor and a model trainer, or one of them.

Arguments: endpoint, bucket, folder to work in. Prints a JSON line a step.
"""

import json
import sys
from pathlib import Path

import boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, OutputDataConfig, SourceCode, StoppingCondition

ROLE = "arn:aws:iam::123456789012:role/jobs"
PROCESS = "open('/opt/ml/processing/output/said', 'w').write('from the processor')\n"
TRAIN = "open('/opt/ml/model/said', 'w').write('from the trainer')\n"


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def make_role() -> None:
    """The role of the jobs: the SDK looks at whom it trusts."""
    boto3.client("iam").create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST))


def process(session: Session, bucket: str, folder: Path) -> None:
    """A ScriptProcessor that runs a local script and waits."""
    script = folder / "process.py"
    script.write_text(PROCESS)
    processor = ScriptProcessor(
        role=ROLE,
        image_uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml:latest",
        command=["python3"],
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
        base_job_name="sdk-processing",
    )
    target = ProcessingS3Output(
        s3_uri=f"s3://{bucket}/sdk", local_path="/opt/ml/processing/output", s3_upload_mode="EndOfJob"
    )
    processor.run(
        code=str(script), outputs=[ProcessingOutput(output_name="said", s3_output=target)], wait=True, logs=False
    )
    print(json.dumps({"processing": "ended"}), flush=True)


def train(session: Session, bucket: str, folder: Path) -> None:
    """A ModelTrainer with local source code that waits."""
    source = folder / "source"
    source.mkdir()
    (source / "train.py").write_text(TRAIN)
    trainer = ModelTrainer(
        training_image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml:latest",
        role=ROLE,
        sagemaker_session=session,
        source_code=SourceCode(source_dir=str(source), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/sdk-models"),
        base_job_name="sdk-training",
    )
    trainer.train(wait=True, logs=False)
    print(json.dumps({"training": trainer._latest_training_job.training_job_status}), flush=True)  # no public way


if __name__ == "__main__":
    _, bucket_name, work = sys.argv[1:]
    local = Session(boto_session=boto3.Session(), default_bucket=bucket_name)
    make_role()
    process(local, bucket_name, Path(work))
    train(local, bucket_name, Path(work))
