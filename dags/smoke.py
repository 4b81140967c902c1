"""Airflow DAG `perennial_smoke`: proves that a place runs what was deployed."""

from perennial.flows.smoke import smoke_dag

perennial_smoke = smoke_dag()
