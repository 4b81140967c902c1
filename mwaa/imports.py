"""What the flows import of others, found by reading their files, so that a container can be asked for it. Pure.

Only what runs when a module is imported counts: an import inside a function, or under TYPE_CHECKING, is none.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

OWN = ("include", "perennial")


@dataclass(frozen=True, kw_only=True, order=True)
class Import:
    """A name that is imported from a module; where `name` is empty, the module itself."""

    module: str
    name: str = ""


def foreign(sources: Mapping[str, str], roots: Iterable[str]) -> tuple[Import, ...]:
    """What `roots`, and what they import of `sources` (module → source text), import of neither us nor Python.

    >>> foreign({"a": "from perennial import b", "perennial.b": "import os; from airflow.sdk import DAG"}, ["a"])
    (Import(module='airflow.sdk', name='DAG'),)
    """
    waiting, seen, found = list(roots), set[str](), set[Import]()
    while waiting:
        module = waiting.pop()
        if module in seen or module not in sources:
            continue
        seen.add(module)
        for each in imports(sources[module]):
            if each.module.partition(".")[0] in OWN:
                # Of a package, the name may be a module of its own.
                waiting += [each.module, f"{each.module}.{each.name}"]
            elif each.module.partition(".")[0] not in sys.stdlib_module_names:
                found.add(each)
    return tuple(sorted(found))


def imports(source: str) -> Iterator[Import]:
    """What importing a module with this source imports, in its order."""
    yield from _of_statements(ast.parse(source).body)


def _of_statements(statements: Iterable[ast.stmt]) -> Iterator[Import]:
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                yield from (Import(module=alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (Import(module=module, name=alias.name) for alias in names)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case _:
                yield from _of_statements(
                    each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt)
                )
