"""Airflow DAGs: `<model>_performance` for every model of the catalog."""

from perennial.flows.catalog import dags
from perennial.flows.performance import performance_dag

globals().update(dags(performance_dag))
