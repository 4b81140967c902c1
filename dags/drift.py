"""Airflow DAGs: `<model>_drift` for every model of the catalog."""

from perennial.flows.drift import drift_dag

from include.specs.catalog import load

for spec in load().values():
    globals()[f"{spec.name}_drift"] = drift_dag(spec)
