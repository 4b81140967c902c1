"""Parses a DAG folder on any Airflow 3 as its DAG processor does, and prints as JSON what came of it.

Usage: integrity_probe.py FOLDER NAMES, where NAMES is JSON: dotted name → module that has it instead, or "".

It runs by the interpreter of an image, which has Airflow and nothing of ours.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def found(name: str) -> bool:
    """Whether a dotted name can be had."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            thing = getattr(thing, part, None)
        return thing is not None
    return False


def supply(name: str, source: str) -> None:
    """Put a name where it is looked for, from where this Airflow has it."""
    module, _, attribute = name.rpartition(".")
    setattr(importlib.import_module(module), attribute, getattr(importlib.import_module(source), attribute))


def parse(folder: Path) -> dict[str, Any]:
    """What Airflow makes of the folder's files."""
    # After names were supplied, and where this Airflow has it.
    where = "airflow.dag_processing.dagbag" if found("airflow.dag_processing.dagbag") else "airflow.models.dagbag"
    bag = importlib.import_module(where).DagBag(folder)
    errors = {Path(path).name: error.strip().rpartition("\n")[2] for path, error in bag.import_errors.items()}
    return {"dags": sorted(bag.dags), "errors": errors}


def main(folder: Path, names: dict[str, str]) -> None:
    """Probe, and print one line of JSON, last."""
    from airflow import settings  # noqa: PLC0415 heavy

    settings.initialize()
    sys.path.append(str(folder))  # as the DAG processor does
    there = {name: found(name) for name in names}
    before = parse(folder)
    # What failed halfway is to be imported anew.
    for module in [name for name in sys.modules if name.partition(".")[0] in ("perennial", "include")]:
        del sys.modules[module]
    for name, source in names.items():
        if source and not there[name]:
            supply(name, source)
    print(json.dumps({"there": there, "before": before, "after": parse(folder)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
