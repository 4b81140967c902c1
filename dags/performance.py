"""Airflow DAGs: `<model>_performance` for every model of the catalog."""

from perennial.flows.performance import performance_dag

from include.specs.catalog import load

for spec in load().values():
    globals()[f"{spec.name}_performance"] = performance_dag(spec)
