"""Frozen dataclasses to JSON and back: how a spec, a run's configuration and a report travel between processes.

Encoding is canonical (sorted keys, no NaN), so the same value always gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from include.specs.errors import ReportError


def encode(value: Any) -> bytes:
    """Canonical JSON of `value`, UTF-8, ending in a newline.

    Raises:
        ReportError: a float is not finite, or a value has no JSON form.
    """
    try:
        text = json.dumps(to_plain(value), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise ReportError(f"{type(value).__name__}: every number must be finite: {error}") from error
    return (text + "\n").encode()


def decode[T](cls: type[T], payload: bytes | str, *, source: str) -> T:
    """The `cls` that `payload` holds; `source` says where it was read, for the error message.

    Raises:
        ReportError: not JSON, a field missing or unknown, a value of another type, or refused by the class itself.
    """
    try:
        plain = json.loads(payload, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ReportError(f"{source}: expected JSON of a {cls.__name__}: {error}") from error
    return typing.cast("T", from_plain(cls, plain, source))


def to_plain(value: Any) -> Any:
    """Dataclasses as dictionaries, tuples as lists, dates as ISO 8601; all else as it is."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def from_plain(hint: Any, plain: Any, where: str) -> Any:
    """Rebuild a value of type `hint` from what `to_plain` made of it; `where` names the place in errors."""
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint, plain, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _union(arguments, plain, where)
    if origin is tuple:
        return tuple(from_plain(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(_a(list, plain, where)))
    if origin in (dict, Mapping):
        items = _a(dict, plain, where).items()
        return {key: from_plain(arguments[1], item, f"{where}.{key}") for key, item in items}
    if origin is typing.Literal:
        return _literal(arguments, plain, where)
    return _scalar(hint, plain, where)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a finite number")


def _dataclass(cls: Any, plain: Any, where: str) -> Any:
    known = {field.name: field for field in dataclasses.fields(cls)}
    unknown = sorted(set(_a(dict, plain, where)) - set(known))
    if unknown:
        raise ReportError(f"{where}: {cls.__name__} has no field {unknown[0]!r}; it has {sorted(known)}")
    hints = typing.get_type_hints(cls)
    fields = {name: from_plain(hints[name], item, f"{where}.{name}") for name, item in plain.items()}
    try:
        return cls(**fields)
    except (TypeError, ValueError) as error:
        raise ReportError(f"{where}: not a {cls.__name__}: {error}") from error


def _union(options: tuple[Any, ...], plain: Any, where: str) -> Any:
    if plain is None and type(None) in options:
        return None
    failures = []
    for option in options:
        try:
            return from_plain(option, plain, where)
        except ReportError as error:
            failures.append(str(error))
    raise ReportError(failures[0])


def _literal(options: tuple[Any, ...], plain: Any, where: str) -> Any:
    if plain not in options:
        raise ReportError(f"{where}: expected one of {list(options)}, got {plain!r}")
    return plain


def _a[T](kind: type[T], plain: Any, where: str) -> T:
    if not isinstance(plain, kind):
        raise ReportError(f"{where}: expected a {kind.__name__}, got {plain!r}")
    return plain


def _scalar(hint: Any, plain: Any, where: str) -> Any:
    if hint in (Any, object):
        return plain
    if hint is dt.date or hint is dt.datetime:
        return _date(hint, plain, where)
    if hint is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    # bool is an int to Python and never to a reader of a report.
    if not isinstance(plain, hint) or (isinstance(plain, bool) and hint is not bool):
        raise ReportError(f"{where}: expected a {getattr(hint, '__name__', hint)}, got {plain!r}")
    return plain


def _date(hint: Any, plain: Any, where: str) -> dt.date:
    try:
        return typing.cast("dt.date", hint.fromisoformat(plain))
    except (TypeError, ValueError) as error:
        raise ReportError(f"{where}: expected an ISO 8601 {hint.__name__}, got {plain!r}") from error
