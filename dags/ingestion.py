"""Airflow DAGs: `<model>_ingestion` for every model of the catalog."""

from perennial.flows.catalog import dags
from perennial.flows.ingestion import ingestion_dag

globals().update(dags(ingestion_dag))
