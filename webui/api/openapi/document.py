"""OpenAPI 3.1 document of the REST API: the document of FastAPI, completed with descriptions and examples."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from core.web.deferred_routes import complete_routes
from webui.api.openapi.operations import OPERATIONS, OperationDoc

__all__ = ["api_document"]

_Json = dict[str, Any]  # JSON of any shape

_TEXT = """JSON for scripts, for notebooks, and for the pzserver library.

Send a token with each request: `Authorization: Bearer pz-…` (or `Token pz-…`); create one on the page Tokens. The scope
`read` allows queries and downloads, `write` also uploads, changes and deletion, `admin` also administration.

Addresses work with and without a trailing slash. Bodies are JSON or forms. Lists are
`{"count": …, "results": […]}`, and complete unless a page is requested. Times are UTC.

An error is `{"detail": "message", "code": "…"}`, and names the wrong field. The response to a resource that the caller
may not read is the same as for one that does not exist: 404."""

_TAGS: Mapping[str, str] = {
    "products": "Products, product types and releases.",
    "files": "The files of products, and their inspection.",
    "columns": "Columns of products and their meanings.",
    "downloads": "Single files, and products as zips; ranges are supported.",
    "sharing": "Co-owners, transfer, links, versions, and deleted products.",
    "groups": "Groups of users.",
    "catalogues": "Survey catalogues that are tables of the schema hats, for administrators.",
    "pipelines": "Pipelines and their runs.",
    "provenance": "Provenance and citation of products.",
    "accounts": "Accounts and tokens.",
    "sign-in": "Sign-in of VO clients, as the challenges of the VO services declare it.",
    "server": "This server.",
}
_ERRORS: Mapping[str, str] = {
    "401": "No valid credentials.",
    "403": "The scope of the token is insufficient, or the resource belongs to another user.",
    "404": "There is no such resource, or you may not read it.",
}


def api_document(app: FastAPI) -> _Json:
    """Return the OpenAPI document, which is created once and cached by the application."""
    if app.openapi_schema is None:
        routes = list(complete_routes(app.routes))
        document = get_openapi(title=app.title, version=app.version, description=_TEXT, routes=routes)
        document["paths"] = {
            path: {method: _completed(method, path, operation) for method, operation in item.items()}
            for path, item in document["paths"].items()
            if path == "/api" or path.startswith("/api/") or path == "/which_environment"
        }
        components = document.setdefault("components", {})
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token, created on the page Tokens."},
            "password": {"type": "http", "scheme": "basic"},
        }
        document["security"] = [{"token": []}, {"password": []}]
        document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
        app.openapi_schema = document
    return app.openapi_schema


def _completed(method: str, path: str, operation: _Json) -> _Json:
    more = OPERATIONS.get((method, path), OperationDoc())
    completed = {**operation, "tags": operation.get("tags", ["server"])}
    if more.text:
        completed["description"] = more.text
    if more.query:
        known = {parameter["name"] for parameter in operation.get("parameters", [])}
        completed["parameters"] = [
            *operation.get("parameters", []),
            *(_parameter(name, text) for name, text in more.query.items() if name not in known),
        ]
    if more.body is not None:
        completed["requestBody"] = _request_body(more)
    completed["responses"] = _responses(operation["responses"], more)
    return completed


def _parameter(name: str, text: str) -> _Json:
    shape: _Json = {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
    return {**shape, "description": text} if text else shape


def _request_body(more: OperationDoc) -> _Json:
    if isinstance(more.body, type) and issubclass(more.body, BaseModel):
        schema: _Json = more.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schema = _inlined(schema)
    else:
        properties = {name: {"description": text} for name, text in dict(more.body or {}).items()}
        schema = {"type": "object", "properties": properties}
    if more.form:
        schema["properties"]["file"] |= {"type": "string", "contentMediaType": "application/octet-stream"}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    content: _Json = {"schema": schema} | ({"example": dict(more.sent)} if more.sent is not None else {})
    return {"content": {"application/json": content, "application/x-www-form-urlencoded": {"schema": schema}}}


def _inlined(schema: _Json) -> _Json:
    """Replace the references of a schema by the definitions, so that it is self-contained."""
    definitions = schema.pop("$defs", {})

    def walk(value: Any) -> Any:  # JSON of any shape
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            rest = {key: walk(item) for key, item in value.items() if key != "$ref"}
            return {**walk(definitions[name]), **rest} if name in definitions else rest
        return [walk(item) for item in value] if isinstance(value, list) else value

    walked: _Json = walk(schema)
    return walked


def _responses(responses: _Json, more: OperationDoc) -> _Json:
    found = {status: dict(response) for status, response in responses.items() if status != "422"}
    for status, response in found.items():
        if status.startswith("2") and more.response is not None:
            response["content"] = {more.media: {"schema": {}, "example": more.response}}
    errors = {
        status: {
            "description": text,
            "content": {"application/json": {"example": {"detail": text, "code": _CODES[status]}}},
        }
        for status, text in _ERRORS.items()
    }
    return {**errors, **found}


_CODES = {"401": "NotAuthenticated", "403": "PermissionDenied", "404": "NotFound"}
