"""Airflow DAGs: `<model>_training` for every model of the catalog."""

from perennial.flows.training import training_dag

from include.specs.catalog import sound

for spec in sound().values():
    globals()[f"{spec.name}_training"] = training_dag(spec)
