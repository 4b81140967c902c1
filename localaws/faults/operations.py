"""Operations: which of a service's operations a request asks for, where the wire does not name it. Pure.

REST services tell their operations apart by method, path, query and headers; botocore's models say how.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from moto.backend_index import backend_url_patterns

# A service that signs with a name by which neither botocore nor moto know it.
SIGNS_AS = {"airflow": "mwaa"}
_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """How one operation's requests look. A query parameter without a value may have any."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    literals: int = 0

    def fits(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether a request may be one of this operation."""
        return (
            method == self.method
            and self.path.fullmatch(path) is not None
            and all(name in query and value in {"", query[name]} for name, value in self.query.items())
            and all(name in headers for name in self.headers)
        )

    @property
    def weight(self) -> tuple[int, int]:
        """How much of a request it takes to fit: of two routes that fit, the more demanding one is meant."""
        return self.literals, len(self.query) + len(self.headers)


def rest_operation(
    service: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str | None:
    """The operation that a request of a REST service asks for; None when the model knows none.

    >>> rest_operation("s3", "PUT", "/lake/raw/part.csv", {}, {})
    'PutObject'
    >>> rest_operation("s3", "PUT", "/lake/raw/part.csv", {"partNumber": "1", "uploadId": "x"}, {})
    'UploadPart'
    >>> rest_operation("s3", "GET", "/lake", {"list-type": "2", "prefix": "raw/"}, {})
    'ListObjectsV2'
    """
    fitting = [route for route in routes(service) if route.fits(method, path, query, headers)]
    return max(fitting, key=lambda route: route.weight).operation if fitting else None


@lru_cache(maxsize=32)
def routes(service: str) -> tuple[Route, ...]:
    """The routes of a service; none when botocore does not know it, or it is no REST service."""
    model = service_model(service)
    if model is None or not model.metadata["protocol"].startswith("rest-"):
        return ()
    operations = [model.operation_model(name) for name in model.operation_names]
    return tuple(_route(operation) for operation in operations if not operation.deprecated)


def _route(operation: OperationModel) -> Route:
    path, _, literal_query = operation.http["requestUri"].partition("?")
    query, headers = dict(parse_qsl(literal_query, keep_blank_values=True)), set()
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        place = shape.members[name].serialization
        if place.get("location") == "querystring":
            query[place["name"]] = ""
        elif place.get("location") == "header":
            headers.add(place["name"].lower())
    return Route(
        operation=operation.name,
        method=operation.http["method"],
        path=_path_pattern(path),
        query=query,
        headers=frozenset(headers),
        literals=len(_PARAMETER.sub("", path)),
    )


def _path_pattern(template: str) -> re.Pattern[str]:
    """What a path template matches: ``{Key+}`` takes slashes, ``{Bucket}`` none."""
    parts = _PARAMETER.split(template.rstrip("/"))
    literals, greedy = parts[::3], parts[2::3]
    wild = [".+" if plus else "[^/]+" for plus in greedy]
    pattern = "".join(re.escape(text) + hole for text, hole in zip(literals, [*wild, ""], strict=True))
    return re.compile(f"{pattern}/?", re.DOTALL)


@lru_cache(maxsize=32)
def service_model(service: str) -> ServiceModel | None:
    """botocore's model of the service of that name; None when it knows none."""
    service = SIGNS_AS.get(service, service)
    if service not in _available():
        return None
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@lru_cache(maxsize=1)
def _available() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))


def signing_name(service: str) -> str | None:
    """The name a service's requests carry in their signature; None when neither botocore nor moto know the service.

    >>> signing_name("cloudwatch"), signing_name("monitoring"), signing_name("mwaa"), signing_name("sagemeker")
    ('monitoring', 'monitoring', 'airflow', None)
    """
    if model := service_model(service):
        return str(model.metadata.get("signingName", model.metadata["endpointPrefix"]))
    host = f"http://{service}.eu-west-1.amazonaws.com"
    return service if any(pattern.match(host) for _, pattern in backend_url_patterns) else None
