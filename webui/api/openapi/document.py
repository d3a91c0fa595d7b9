"""Complete the description that FastAPI makes of the REST API (OpenAPI 3.1)."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from webui.api.openapi.operations import OPERATIONS, Described

__all__ = ["api_document"]

_Json = dict[str, Any]  # JSON objects hold whatever JSON holds

_TEXT = """JSON for scripts, for notebooks, and for the pzserver library.

Send a token with each request: `Authorization: Bearer pz-…` (or `Token pz-…`); make one on the page Tokens. The scope
`read` queries and downloads, `write` also uploads, changes and deletes, `admin` does what administrators may.

Addresses work with and without a slash at their end. Bodies are JSON or forms. Lists are
`{"count": …, "results": […]}`, whole unless a page is asked for. Times are UTC.

An error is `{"detail": "a sentence", "code": "…"}`, and names the field that was wrong. What may not be read answers as
what does not exist: 404."""

_TAGS: Mapping[str, str] = {
    "products": "Products from their first word to their publication, their types and releases.",
    "files": "The files of products, and their inspection.",
    "columns": "What the columns of a product's table mean.",
    "downloads": "Single files with ranges, and products as zips.",
    "sharing": "Co-owners, new owners, links, versions, and deleted products.",
    "groups": "Groups of users.",
    "pipelines": "Pipelines and their runs.",
    "provenance": "Where products come from.",
    "accounts": "People and tokens.",
    "sign-in": "Sign-in of programs of the Virtual Observatory, as its services' challenges name it.",
    "server": "This server.",
}
_ERRORS: Mapping[str, str] = {
    "401": "No credentials, or some that do not hold.",
    "403": "The token's scope is too small, or the thing belongs to somebody else.",
    "404": "There is no such thing, or you may not know that there is.",
}


def api_document(app: FastAPI) -> _Json:
    """Return the description of the addresses of the REST API; made once, and kept by the application."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=_TEXT, routes=app.routes)
        document["paths"] = {
            path: {method: _completed(method, path, said) for method, said in item.items()}
            for path, item in document["paths"].items()
            if path == "/api" or path.startswith("/api/") or path == "/which_environment"
        }
        components = document.setdefault("components", {})
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token, made on the page Tokens."},
            "password": {"type": "http", "scheme": "basic"},
        }
        document["security"] = [{"token": []}, {"password": []}]
        document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
        app.openapi_schema = document
    return app.openapi_schema


def _completed(method: str, path: str, said: _Json) -> _Json:
    more = OPERATIONS.get((method, path), Described())
    completed = {**said, "tags": said.get("tags", ["server"])}
    if more.text:
        completed["description"] = more.text
    if more.query:
        known = {parameter["name"] for parameter in said.get("parameters", [])}
        completed["parameters"] = [
            *said.get("parameters", []),
            *(_parameter(name, text) for name, text in more.query.items() if name not in known),
        ]
    if more.body is not None:
        completed["requestBody"] = _request_body(more)
    completed["responses"] = _responses(said["responses"], more)
    return completed


def _parameter(name: str, text: str) -> _Json:
    shape: _Json = {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
    return {**shape, "description": text} if text else shape


def _request_body(more: Described) -> _Json:
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
    """Put the definitions of a schema where they are referred to, so that it stands alone."""
    definitions = schema.pop("$defs", {})

    def walk(value: Any) -> Any:  # JSON of any shape
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            rest = {key: walk(item) for key, item in value.items() if key != "$ref"}
            return {**definitions[name], **rest} if name in definitions else rest
        return [walk(item) for item in value] if isinstance(value, list) else value

    walked: _Json = walk(schema)
    return walked


def _responses(said: _Json, more: Described) -> _Json:
    answers = {status: dict(answer) for status, answer in said.items() if status != "422"}
    for status, answer in answers.items():
        if status.startswith("2") and more.answer is not None:
            answer["content"] = {more.media: {"schema": {}, "example": more.answer}}
    errors = {
        status: {
            "description": text,
            "content": {"application/json": {"example": {"detail": text, "code": _CODES[status]}}},
        }
        for status, text in _ERRORS.items()
    }
    return {**errors, **answers}


_CODES = {"401": "NotAuthenticated", "403": "PermissionDenied", "404": "NotFound"}
