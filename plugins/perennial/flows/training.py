"""`<model>_training`: data → candidate → quality gate → registered, or rejected."""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, TaskGroup, TriggerRule

from include.specs.job import EVALUATE, PREPROCESS, TRAIN, JobStep
from include.specs.model import ModelSpec
from include.specs.run import TrainingRun
from perennial import assets, aws_requests
from perennial.callbacks import run_failed
from perennial.flows import common
from perennial.operators.jobs import SageMakerJobOperator
from perennial.operators.notify import NotifyOperator
from perennial.operators.training import (
    AnnounceVersionOperator,
    QualityGateBranchOperator,
    RegisterModelOperator,
    RejectModelOperator,
    ResolveRunOperator,
)
from perennial.params import training_params

_DOC = """
Runs when a retraining is requested (new data, drift), weekly, and by hand. It pins the data and the champion, trains a
candidate, and scores candidate and champion on the same hold-out. The quality gate registers the candidate, pending a
person's approval, when it reaches every threshold and is not worse than the champion; otherwise it is rejected, with
the reason. Either way the model's topic hears of it.

To train a past window, give `start` and `end`. Everything a run used and found lies in `experiments/<model>/<run>/`.
"""


def training_dag(spec: ModelSpec) -> DAG:
    """The training flow of one model."""
    with DAG(
        dag_id=f"{spec.name}_training",
        dag_display_name=f"{spec.title}: training",
        schedule=AssetOrTimeSchedule(
            timetable=CronTriggerTimetable(spec.training_schedule, timezone="UTC"), assets=[assets.retrain(spec.name)]
        ),
        # No start date: with one, unpausing would at once start the run of the week that has passed.
        start_date=None,
        catchup=False,
        auto_register=False,  # the DAG file does, once it is whole
        max_active_runs=2,
        default_args=common.defaults(spec),
        dagrun_timeout=common.longest(spec, (PREPROCESS, TRAIN, EVALUATE)),
        on_failure_callback=run_failed(spec),
        params=training_params(spec),
        tags=common.tags(spec, "training"),
        doc_md=common.doc_md(spec, _DOC),
    ) as dag:
        resolve = ResolveRunOperator(task_id="resolve", spec=spec)
        run, config_key = common.returned(resolve, "run"), common.returned(resolve, "config_key")

        def job(step: JobStep, build: aws_requests.Builder, **inputs: object) -> SageMakerJobOperator:
            return SageMakerJobOperator(
                task_id=step.name,
                spec=spec,
                step=step,
                build=build,
                run_type=TrainingRun,
                config_key=config_key,
                inputs=inputs,
            )

        with TaskGroup("candidate", tooltip="Make a candidate and measure it"):
            preprocess = job(PREPROCESS, aws_requests.preprocess)
            train = job(TRAIN, aws_requests.train)
            evaluate = job(EVALUATE, aws_requests.evaluate, candidate_url=common.returned(train, "model_url"))
        gate = QualityGateBranchOperator(
            task_id="quality_gate", spec=spec, run=run, register="register", reject="reject"
        )
        register = RegisterModelOperator(
            task_id="register", spec=spec, config_key=config_key, model_url=common.returned(train, "model_url")
        )
        announce = AnnounceVersionOperator(
            task_id="announce", spec=spec, config_key=config_key, registered=register.output
        )
        reject = RejectModelOperator(task_id="reject", spec=spec, run=run)
        notify = NotifyOperator(
            task_id="notify",
            spec=spec,
            config_key=config_key,
            registered=register.output,
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
        resolve >> preprocess >> train >> evaluate >> gate >> [register, reject] >> notify
        register >> announce
    return dag
