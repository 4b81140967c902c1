"""Airflow DAGs: `<model>_ingestion` for every model of the catalog."""

from perennial.flows.ingestion import ingestion_dag

from include.specs.catalog import sound

for spec in sound().values():
    globals()[f"{spec.name}_ingestion"] = ingestion_dag(spec)
