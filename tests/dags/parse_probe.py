"""Parses DAG files in a process of its own, as the DAG processor does, and prints as JSON what came of it.

Usage: parse_probe.py DAGS_FOLDER [--block MODULE ...] [--break-catalog]

A process of its own, because what a test process has imported already would hide what parsing imports.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEAVY = ("include.ml", "matplotlib", "numpy", "pandas", "pyarrow", "sagemaker", "scipy", "sklearn", "skops")
BROKEN = """
import dataclasses
from include.specs.catalog.churn import MODEL as CHURN
from include.specs.model import Gate

MODEL = dataclasses.replace(CHURN, name="broken", gate=Gate(thresholds={"roc_auc": 1.2}))
"""
UNBUILDABLE = """
import dataclasses
from include.specs.catalog.churn import MODEL as CHURN
from include.specs.model import ModelSpec

class Odd(ModelSpec):
    def resources(self, step):
        raise KeyError(step)

MODEL = Odd(**{field.name: getattr(CHURN, field.name) for field in dataclasses.fields(CHURN)} | {"name": "odd-one"})
"""


class Blocked:
    """Finds nothing for some modules, as where they are not installed."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)


def loaded() -> list[str]:
    """Which of the heavy modules are imported."""
    return sorted(name for name in HEAVY if name in sys.modules)


def parse(folder: Path) -> dict[str, Any]:
    """What Airflow makes of the DAG files in `folder`."""
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415 not before `main` has blocked imports

    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags")
    return {
        "dags": sorted(bag.dags),
        "import_errors": {Path(path).name: error for path, error in bag.import_errors.items()},
        "files": sorted(Path(stat.file).name for stat in bag.dagbag_stats),
    }


def forms(folder: Path) -> dict[str, str]:
    """The hash by which Airflow tells one version of a DAG from the next, but for the folder that it was read from."""
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415 not before `main` has blocked imports
    from airflow.models.serialized_dag import SerializedDagModel  # noqa: PLC0415 as above
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415 as above

    dags = BundleDagBag(folder, bundle_path=folder, bundle_name="dags").dags
    found = {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in dags.items()}
    for data in found.values():
        data["dag"].pop("_processor_dags_folder", None)
    return {dag_id: SerializedDagModel.hash(data) for dag_id, data in found.items()}


def probe(folder: Path, *, break_catalog: bool) -> dict[str, Any]:
    """Import what every DAG needs, parse, and load the plugins; then once more with each bad model in the catalog."""
    import airflow.providers.amazon.aws.operators.sagemaker  # noqa: F401, PLC0415 the baseline, as above

    baseline = loaded()
    from airflow import plugins_manager, settings  # noqa: PLC0415 after the baseline

    settings.initialize()
    found: dict[str, Any] = {"baseline": baseline, "parsed": parse(folder), "loaded": loaded()}
    plugins, errors = plugins_manager._get_plugins()
    found["plugins"] = sorted(plugin.name for plugin in plugins if "perennial" in type(plugin).__module__)
    found["plugin_errors"] = errors
    found["links"] = sorted(type(link).__name__ for link in plugins_manager.get_operator_extra_links())
    found["modules"] = sorted(sys.modules)
    found["forms"] = [forms(folder), forms(folder)]
    for name, source in (("broken", BROKEN), ("odd_one", UNBUILDABLE)) if break_catalog else ():
        file = folder / f"include/specs/catalog/{name}.py"
        file.write_text(source)
        importlib.invalidate_caches()
        found[name] = parse(folder)
        file.unlink()
    return found


def main() -> None:
    """Probe, and print one line of JSON, last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--block", nargs="*", default=[])
    parser.add_argument("--break-catalog", action="store_true")
    arguments = parser.parse_args()
    sys.meta_path.insert(0, Blocked(arguments.block))
    print(json.dumps(probe(arguments.folder, break_catalog=arguments.break_catalog)))


if __name__ == "__main__":
    main()
