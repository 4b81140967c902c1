"""Airflow DAGs: `<model>_performance` for every model of the catalog."""

from perennial.flows.performance import performance_dag

from include.specs.catalog import sound

for spec in sound().values():
    globals()[f"{spec.name}_performance"] = performance_dag(spec)
