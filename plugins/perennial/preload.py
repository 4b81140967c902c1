"""What every task's process needs and no edit of the project changes: imported once, by what all are forked from.

Named by `[scheduler] mp_forkserver_preload`, after `airflow`, which puts plugins on the path. None of MODULES is the
project's own: an edited DAG file must take effect without a restart.
"""

from __future__ import annotations

import gc
import importlib

MODULES = (
    "airflow.dag_processing.dagbag",
    "airflow.executors.local_executor",
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.amazon.aws.hooks.sagemaker",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "boto3",
)

for _name in MODULES:
    importlib.import_module(_name)
# What is here is there for ever: a task's process would look through all of it again and again, 0.1 s each time.
gc.collect()
gc.freeze()
