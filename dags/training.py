"""Airflow DAGs: `<model>_training` for every model of the catalog."""

from perennial.flows.catalog import dags
from perennial.flows.training import training_dag

globals().update(dags(training_dag))
