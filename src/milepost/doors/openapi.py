"""``/openapi.json``: the routes and structures of the REST doors, as OpenAPI 3.1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from milepost.doors.credentials import BEARER_PATHS
from milepost.doors.errorshapes import ErrorShape, shape_of
from milepost.doors.messages import Answer, Request, json_answer
from milepost.doors.routing import Auth, Parameter, Route
from milepost.wire.descriptions import component_schemas
from milepost.wire.encoding import to_json
from milepost.wire.extensions import extension_schemas
from milepost.wire.problems import problem_schema
from milepost.wire.v1descriptions import V1Schemas
from milepost.wire.v1queries import ORDERS
from milepost.wire.waits import KINDS as WAIT_KINDS

FAULT = 500
PATH = "/openapi.json"
ETAG = r'(W/)?"[!#-~\u0080-\u00ff]*"'
WAIT = r"^0{0,3}([0-5]?[0-9](\.[0-9]{1,3})?|60(\.0{1,3})?)s?$"
"""0 to 60 seconds, as ``wire.waits`` reads them."""
PATH_PARAMETER = re.compile(r"\{(\w+)\}")


class OpenApiDoor:
    """Serves the description; it is made once, from the routes it describes."""

    def __init__(self) -> None:
        self._document = b""

    def describe(self, routes: Iterable[Route], version: str) -> None:
        """Make the description of these routes."""
        self._document = to_json(document(routes, version))

    async def get(self, _request: Request) -> Answer:
        """The description."""
        return json_answer(self._document)


def openapi_routes(door: OpenApiDoor) -> list[Route]:
    """The route of the description."""
    return [
        Route(
            "GET",
            PATH,
            door.get,
            Auth.OPEN,
            operation="openapi.get",
            summary="This description.",
            answer="milepost.openapi",
        )
    ]


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The description of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route)
    schemas = component_schemas() | extension_schemas() | V1Schemas().all()
    schemas["milepost.problem"] = problem_schema()
    schemas["milepost.openapi"] = {"type": "object"}
    schemas["milepost.event_stream"] = {"type": "string"}
    schemas["milepost.page"] = {"type": "string"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Milepost",
            "version": version,
            "summary": "A task service: long work reports here how far it is.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "header", "name": "vmware-api-session-id"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "vmware-api-session-id"},
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def operation(route: Route) -> dict[str, Any]:
    """One route as an operation object."""
    shape = shape_of(route.path.encode())
    found: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "security": security(route),
        "parameters": [*path_parameters(route.path), *map(parameter_of, route.parameters)],
        "responses": {
            **{str(status): success(route) for status in (route.status, *route.also)},
            **{str(status): refusal(status, shape) for status in (*route.errors, FAULT)},
        },
    }
    if route.request is not None:
        found["requestBody"] = {"required": True, "content": content(route.request)}
    return found


def security(route: Route) -> list[dict[str, list[str]]]:
    """What lets a caller in; one of the alternatives is enough."""
    in_session: list[dict[str, list[str]]] = [{"session": []}, {"cookie": []}]
    # A login that can also be asked about its session takes one for that.
    tells = in_session if any(part.only == "get" for part in route.parameters) else []
    alternatives: dict[Auth, list[dict[str, list[str]]]] = {
        Auth.SESSION: in_session,
        Auth.BASIC: [{"basic": []}, *tells],
        Auth.OPEN: [],
    }
    bears = route.auth is Auth.SESSION and route.path.encode().startswith(BEARER_PATHS)
    bearer: list[dict[str, list[str]]] = [{"bearer": []}] if bears else []
    return [*alternatives[route.auth], *bearer]


def path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PATH_PARAMETER.findall(path)
    ]


KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "boolean": {"type": "boolean"},
    "date-time": {"type": "string", "format": "date-time"},
    "page size": {"type": "integer", "minimum": 1, "maximum": 1000},
    "token": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
    "key": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "order": {"type": "string", "enum": list(ORDERS)},
    "target": {"type": "string", "pattern": "^[^:]*:"},
    "wait": {"type": "string", "pattern": WAIT},
    "wait kind": {"type": "string", "enum": list(WAIT_KINDS)},
    "revision": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "etags": {"type": "string", "pattern": rf"^(\*|{ETAG}([ \t]*,[ \t]*{ETAG})*)$"},
}


def parameter_of(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = KINDS.get(
        parameter.schema, {"$ref": f"#/components/schemas/{parameter.schema}"}
    )
    if parameter.only is not None:
        schema = {"type": "string", "enum": [parameter.only]}
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": schema,
    }


def success(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {"description": "Done; the body is empty."}
    return {"description": "Done.", "content": content(route.answer, route.media_type)}


def refusal(status: int, shape: ErrorShape) -> dict[str, Any]:
    if status == HTTPStatus.NOT_MODIFIED:
        return {"description": "Not modified; the body is empty."}
    told = content(shape.schema, shape.media_type.decode())
    return {"description": f"Refused ({status}).", "content": told}


def content(schema: str, media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
