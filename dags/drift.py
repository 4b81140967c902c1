"""Airflow DAGs: `<model>_drift` for every model of the catalog."""

from perennial.flows.catalog import dags
from perennial.flows.drift import drift_dag

globals().update(dags(drift_dag))
