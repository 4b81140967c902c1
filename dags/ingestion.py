"""Airflow DAGs: `<model>_ingestion` for every model of the catalog."""

from perennial.flows.ingestion import ingestion_dag

from include.specs.catalog import load

for spec in load().values():
    globals()[f"{spec.name}_ingestion"] = ingestion_dag(spec)
