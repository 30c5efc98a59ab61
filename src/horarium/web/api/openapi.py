"""The OpenAPI 3.1 document, made from the operations that serve."""

from __future__ import annotations

import re
from functools import cache

import horarium
from horarium.web.access import Access
from horarium.web.api import appointments, bookings, distribution, own, questions, waiting
from horarium.web.api.operation import Asked, Operation, Told
from horarium.web.api.parameters import Parameter, Schema
from horarium.web.api.schemas import SCHEMAS, named

OPERATIONS = (
    *questions.OPERATIONS, *bookings.OPERATIONS, *appointments.OPERATIONS,
    *waiting.OPERATIONS, *distribution.OPERATIONS, *own.OPERATIONS,
)  # fmt: skip
_PART = re.compile(r"\{(\w+)\}")
_ERRORS = {
    400: "The request is wrong", 401: "Nobody is signed in", 403: "The right is missing",
    404: "There is no such thing, or it is out of reach", 409: "It collides with what stands",
    413: "The body is too large", 415: "The body is no JSON", 429: "Too many tries",
    503: "Not now",
}  # fmt: skip


@cache
def document() -> Schema:
    """The whole document."""
    paths: dict[str, dict[str, Schema]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "horarium",
            "version": horarium.__version__,
            "description": "What is open, what is next, and why. Times are RFC 3339 with their "
            "offset; periods are half-open; errors are problem documents (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-horarium"},
            },
        },
    }


async def show(asked: Asked) -> Told:
    """The document itself."""
    return Told(document())


# The document is for everybody; it tells nothing of a site.
ITSELF = tuple(
    Operation("GET", path, Access.ANYBODY, show, "This document", "")
    for path in ("/api/openapi.json", "/api/v1/openapi.json")
)


def _described(operation: Operation) -> Schema:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PART.findall(operation.path)
    ]
    parameters += [_parameter(parameter) for parameter in operation.query]
    if operation.repeatable:
        parameters.append(
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "description": "The same request under the same key is carried out once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255,
                           "pattern": "^[!-~]+$"},
            }
        )  # fmt: skip
    made: Schema = {
        "operationId": operation.answer.__module__.rpartition(".")[2]
        + "_"
        + operation.answer.__name__.strip("_"),
        "summary": operation.summary,
        "description": f"Needs: {operation.needs.value}.",
        "parameters": parameters,
        "responses": _responses(operation),
    }
    if operation.body:
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(operation.body)}},
        }
    return made


def _parameter(parameter: Parameter) -> Schema:
    schema = parameter.schema
    if parameter.many:
        schema = {"type": "array", "items": schema, "maxItems": 20}
    return {
        "name": parameter.name, "in": "query", "required": parameter.required,
        "description": parameter.meaning, "schema": schema,
    }  # fmt: skip


def _body(fields: tuple[Parameter, ...]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {f.name: {**f.schema, "description": f.meaning} for f in fields},
    }


def _responses(operation: Operation) -> Schema:
    good: Schema = {"description": operation.summary}
    if operation.schema:
        good["content"] = {"application/json": {"schema": named(operation.schema)}}
    responses: Schema = {str(operation.created): good}
    if operation.method == "GET":
        responses["304"] = {"description": "It says what it said"}
    for status, meaning in _ERRORS.items():
        responses[str(status)] = {
            "description": meaning,
            "content": {"application/problem+json": {"schema": named("Problem")}},
        }
    return responses
