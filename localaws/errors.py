"""Errors: what the server answers where moto has no answer, as AWS words it in the request's own protocol.

Never an HTML page, which AWS clients cannot read, and never a 5xx for what is merely not implemented: they retry those.
"""

from __future__ import annotations

import json
import re
from xml.sax.saxutils import escape

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

UNSUPPORTED = "UnsupportedOperation"
XML_SERVICES = {"s3", "s3control", "route53", "cloudfront"}
_SERVICE_OF_REQUEST = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")


def service_of(request: Request) -> str:
    """The service a signed request is meant for; S3 when it is unsigned, as moto has it."""
    match = _SERVICE_OF_REQUEST.search(request.headers.get("Authorization", ""))
    return match["service"] if match else "s3"


def operation_of(request: Request) -> str:
    """The operation's name, or method and path for services that have no names on the wire."""
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or request.values.get("Action") or f"{request.method} {request.path}"


def answer_for(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in an exception."""
    service, operation = service_of(request), operation_of(request)
    if isinstance(error, NotImplementedError) or _is_unknown(error):
        return aws_error(request, UNSUPPORTED, f"localaws does not implement {service} {operation}", 400)
    told = f"localaws failed in {service} {operation}: {type(error).__name__}: {error}"
    return aws_error(request, "InternalFailure", told, 500)


def _is_unknown(error: Exception) -> bool:
    # by name: botocore's OperationNotFoundError, Flask's 404 and 405, and moto's look-ups of services it does not have
    unknown = type(error).__name__ in {"OperationNotFoundError", "UnknownServiceError"}
    return unknown or (isinstance(error, HTTPException) and error.code in {404, 405})


def aws_error(request: Request, code: str, message: str, status: int) -> Response:
    """An error in the protocol the request was made in."""
    if _speaks_xml(request):
        return Response(_xml(code, message, wrapped=service_of(request) != "s3"), status, content_type="text/xml")
    body = json.dumps({"__type": code, "message": message})
    headers = {"X-Amzn-ErrorType": code}
    return Response(body, status, headers=headers, content_type="application/x-amz-json-1.1")


def _speaks_xml(request: Request) -> bool:
    if "X-Amz-Target" in request.headers:
        return False
    return service_of(request) in XML_SERVICES or (not request.shallow and "Action" in request.values)


def _xml(code: str, message: str, *, wrapped: bool) -> str:
    error = f"<Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    return f"<ErrorResponse>{error}</ErrorResponse>" if wrapped else error
