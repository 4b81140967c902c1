"""Airflow DAGs of the fault matrix: the house's own flows, for models that are fitted in a blink."""

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

from perennial.flows import common
from perennial.flows.catalog import is_wanted
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.training import training_dag

from include.specs.catalog.churn import MODEL as CHURN
from include.specs.model import Estimator, Gate

# A test has tasks wait for their jobs in their workers by a mark (`RealAirflow.holding_slots`). Every task's process
# comes by here; a scheduler with another environment would have to be started for it.
if (Path(os.environ["AIRFLOW_HOME"]) / "holding_slots").exists():
    os.environ["AIRFLOW__PERENNIAL__DEFERRABLE"] = "false"
# A run that comes by itself would be one more than a test has asked for.
HARDLY_EVER = "0 0 29 2 *"
SMALL = replace(
    CHURN,
    name="small",
    estimator=Estimator(path="sklearn.linear_model.LogisticRegression", hyperparameters={"C": 0.1}),
    features={},
    gate=Gate(thresholds={"roc_auc": 0.55}),
    retrain_on_ingestion=False,
    training_schedule=HARDLY_EVER,
)
# One whose jobs are held while something is killed beside them (`RealAirflow.hold`).
SLOW = replace(SMALL, name="slow")
# One whose runs are given up when a test has them begun too long ago (`RealAirflow.outlast`).
IMPATIENT = replace(SMALL, name="impatient")
# One whose days ask for a training when they come, as the catalog's do, and can be backfilled.
DAILY = replace(SMALL, name="daily", retrain_on_ingestion=True)
# One that nothing is trained of but windows of the past, and of which so many runs go on at a time as the house allows.
BYGONE = replace(SMALL, name="bygone")
# One whose ingestion is run again after it has asked for a training, which waits for another.
ASKING = replace(SMALL, name="asking", retrain_on_ingestion=True)
# One that is paused until a test wants its days.
AWAY = replace(SMALL, name="away")

for spec in filter(is_wanted, (SMALL, SLOW, IMPATIENT, DAILY, BYGONE, ASKING, AWAY)):
    ingestion, training = ingestion_dag(spec), training_dag(spec)
    if spec not in (DAILY, AWAY):
        # No spec can say so: an ingestion is of every day.
        ingestion.timetable = common.daily(HARDLY_EVER)
    for made in (ingestion, training):
        if spec is not BYGONE:
            made.max_active_runs = 8
        for task in made.tasks:
            # Here a task is killed more often than a person's is in a lifetime.
            task.retries = 9
            # What a task waits that was killed; all else goes by the retry policy and the option retry_pace.
            task.retry_delay = dt.timedelta(seconds=1)
            task.max_retry_delay = dt.timedelta(seconds=5)
        globals()[made.dag_id] = made
    if spec is ASKING:
        training.max_active_runs = 1
    if spec is IMPATIENT:
        training.dagrun_timeout = dt.timedelta(hours=2)
