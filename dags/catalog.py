"""Airflow: no DAG. What is wrong with a model is this file's import error; the other models keep their DAGs."""

from perennial.flows.catalog import require_dags
from perennial.flows.drift import drift_dag
from perennial.flows.ingestion import ingestion_dag
from perennial.flows.performance import performance_dag
from perennial.flows.training import training_dag

require_dags(ingestion_dag, training_dag, drift_dag, performance_dag)
