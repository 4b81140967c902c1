"""The models. Each file of this folder defines one `MODEL`: a new file is a new model, nothing else has to change."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from include.specs.errors import SpecError
from include.specs.model import ModelSpec


def load() -> Mapping[str, ModelSpec]:
    """Name → spec of every file in the catalog, by name.

    Raises:
        SpecError: a spec holds a value that cannot be meant; the message names the file and the field.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    specs = [_load(name) for name in names]
    return {spec.name: spec for spec in specs}


def model(name: str) -> ModelSpec:
    """The model called `name`.

    Raises:
        SpecError: the catalog has none.
    """
    models = load()
    if name not in models:
        raise SpecError("model", f"be one of the catalog's {sorted(models)}", name)
    return models[name]


def _load(name: str) -> ModelSpec:
    where = f"include/specs/catalog/{name}.py"
    try:
        spec = importlib.import_module(f"{__name__}.{name}").MODEL
    except SpecError as error:
        raise error.at(where) from error
    except AttributeError as error:
        raise SpecError("MODEL", "be defined", None, where=where) from error
    if not isinstance(spec, ModelSpec) or spec.name.replace("-", "_") != name:
        raise SpecError("MODEL.name", f"be {name!r}, as the file's name", getattr(spec, "name", spec), where=where)
    return spec
