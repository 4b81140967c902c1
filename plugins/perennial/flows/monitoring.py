"""What the flows that watch a model share: a job on what was found, metrics, and branch → alert → a training."""

from __future__ import annotations

from airflow.sdk import chain

from include.specs.job import JobStep
from perennial.aws_requests import Builder
from perennial.flows import common
from perennial.operators.alert import AlertOperator, PublishMetricsOperator
from perennial.operators.base import FlowOperator
from perennial.operators.jobs import SageMakerJobOperator
from perennial.operators.monitoring import AskForTrainingOperator, VerdictBranchOperator
from perennial.watches import AnyWatch


def watch(what: AnyWatch, found: FlowOperator, *, step: JobStep, build: Builder) -> None:
    """The tasks of a day after `found`, in the DAG that is being made; `found` returns `config_key`."""
    spec, key = found.spec, common.returned(found, "config_key")
    job = SageMakerJobOperator(task_id=step.name, spec=spec, step=step, build=build, run_type=what.run, config_key=key)
    metrics = PublishMetricsOperator(task_id="publish_metrics", spec=spec, watch=what, config_key=key)
    branch = VerdictBranchOperator(task_id=f"{step.name}_branch", spec=spec, watch=what, config_key=key, alert="alert")
    alert = AlertOperator(task_id="alert", spec=spec, watch=what, config_key=key)
    retrain = AskForTrainingOperator(task_id="request_retraining", spec=spec, watch=what, config_key=key)
    chain(found, job, [metrics, branch])
    chain(branch, alert, retrain)
