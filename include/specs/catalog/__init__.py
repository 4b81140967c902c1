"""The models. Each file of this folder defines one `MODEL`: a new file is a new model, nothing else has to change."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import suppress

from include.specs.errors import SpecError
from include.specs.model import ModelSpec


def load() -> Mapping[str, ModelSpec]:
    """Name → spec of every file in the catalog, by name.

    Raises:
        SpecError: a file defines no model, or one that cannot be meant; the message names the file and the field.
    """
    return {name: model(name) for name in _names()}


def sound() -> Mapping[str, ModelSpec]:
    """As `load`, without the models whose file is wrong: one of them takes no other model's DAGs away."""
    return dict(_sound())


def model(name: str) -> ModelSpec:
    """The model called `name`, whatever is wrong with the others.

    Raises:
        SpecError: the catalog has none, or its file is wrong.
    """
    names = _names()
    if name not in names:
        raise SpecError("model", f"be one of the catalog's {names}", name)
    return _load(name)


def file_of(name: str) -> str:
    """The file of the model called `name`, as a person looks for it.

    >>> file_of("card-fraud")
    'include/specs/catalog/card_fraud.py'
    """
    return f"include/specs/catalog/{_module(name)}.py"


def _module(name: str) -> str:
    return name.replace("-", "_")


def _names() -> list[str]:
    """As the files have them: a model's name has hyphens where its file's has underscores, and no underscore."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def _sound() -> Iterator[tuple[str, ModelSpec]]:
    for name in _names():
        with suppress(SpecError):
            yield name, model(name)


def _load(name: str) -> ModelSpec:
    where = file_of(name)
    try:
        spec = getattr(importlib.import_module(f"{__name__}.{_module(name)}"), "MODEL", None)
    except SpecError as error:
        raise error.at(where) from error
    except Exception as error:  # whatever a person may write there
        raise SpecError("MODEL", "be made without an error", error, where=where) from error
    if spec is None:
        raise SpecError("MODEL", "be defined", None, where=where)
    if not isinstance(spec, ModelSpec) or spec.name != name:
        raise SpecError("MODEL.name", f"be {name!r}, as the file's name", getattr(spec, "name", spec), where=where)
    return spec
