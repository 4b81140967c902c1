"""Airflow DAGs: `<model>_drift` for every model of the catalog."""

from perennial.flows.drift import drift_dag

from include.specs.catalog import sound

for spec in sound().values():
    globals()[f"{spec.name}_drift"] = drift_dag(spec)
