"""OpenAPI 3.1 document of the REST API: the document of FastAPI, completed with descriptions and examples."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from core.web.deferred_routes import complete_routes
from webui.api.conditional import API_VERSION
from webui.api.openapi.descriptions import JSON, OperationDoc
from webui.api.openapi.operations import OPERATIONS
from webui.api.openapi.responses import components, described_responses

__all__ = ["api_document"]

_Json = dict[str, Any]  # JSON of any shape

_TEXT = """JSON for scripts, for notebooks, and for the pzserver library.

Send a token with each request: `Authorization: Bearer pz-…` (or `Token pz-…`); create one on the page Tokens. The scope
`read` allows queries and downloads, `write` also uploads, changes and deletion, `admin` also administration.

Addresses work with and without a trailing slash. Bodies are JSON or forms. Times are UTC. Lists are
`{"count": …, "next": …, "previous": …, "results": […]}`, and complete unless a page is requested with `page` or
`page_size`; `Link` has the addresses of the next and the previous page as well.

A query parameter that an operation does not have is an error. An error is `{"detail": "message", "code": "…"}`, and
the messages about a wrong parameter or field are also under its name. The response to a resource that the caller may
not read is the same as for one that does not exist: 404.

Responses to GET have an `ETag`; with `If-None-Match` an unchanged one is 304, without a body. `API-Version` is the
version of the API: its first number changes when clients must change, its second when something is added. Keys are
added to objects within a version, so clients ignore those that they do not know."""

#: Whole numbers that the database can have.
_RANGE = {"minimum": -(2**63), "maximum": 2**63 - 1}
_TAGS: Mapping[str, str] = {
    "products": "Products, product types and releases.",
    "files": "The files of products, and their inspection.",
    "columns": "Columns of products and their meanings.",
    "downloads": "Single files, and products as zips; ranges are supported.",
    "sharing": "Co-owners, transfer, links, versions, and deleted products.",
    "groups": "Groups of users.",
    "challenges": "Challenges, their submissions and boards.",
    "catalogues": "Survey catalogues that are tables of the schema hats, for administrators.",
    "pipelines": "Pipelines and their runs.",
    "provenance": "Provenance and citation of products.",
    "accounts": "Accounts and tokens.",
    "sign-in": "Sign-in of VO clients, as the challenges of the VO services declare it.",
    "server": "This server.",
}


def api_document(app: FastAPI, base: str) -> _Json:
    """Return the OpenAPI document, which is created once and cached by the application.

    Parameters
    ----------
    base
        Public address of the server.
    """
    if app.openapi_schema is None:
        routes = list(complete_routes(app.routes))
        document = get_openapi(title=app.title, version=API_VERSION, description=_TEXT, routes=routes)
        schemas, shared = components()
        document["servers"] = [{"url": base}]
        document["paths"] = {
            path: {method: _completed(method, path, operation, schemas) for method, operation in item.items()}
            for path, item in document["paths"].items()
            if path == "/api" or path.startswith("/api/") or path == "/which_environment"
        }
        document["components"] = {
            **shared,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token, created on the page Tokens."},
                "password": {"type": "http", "scheme": "basic"},
            },
        }
        document["security"] = [{}, {"token": []}, {"password": []}]
        document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
        app.openapi_schema = document
    return app.openapi_schema


def _completed(method: str, path: str, operation: _Json, schemas: Mapping[int, _Json]) -> _Json:
    # A test finds operations without a description; the document is there nevertheless.
    more = OPERATIONS.get((method, path)) or OperationDoc(operation["summary"])
    completed = {**operation, "tags": operation.get("tags", ["server"]), "description": more.text}
    if "parameters" in operation:
        completed["parameters"] = [_parameter(each) for each in operation["parameters"]]
    if more.body is not None or more.raw:
        completed["requestBody"] = _request_body(more)
    completed["responses"] = described_responses(method, path, operation["responses"], more, schemas)
    return completed


def _parameter(described: _Json) -> _Json:
    """Return a parameter without null, which no address can have, and with the range of whole numbers."""
    schema = dict(described["schema"])
    if "anyOf" in schema:
        (only,) = [each for each in schema.pop("anyOf") if each != {"type": "null"}]
        schema |= only
    if schema.get("type") == "integer":
        schema = _RANGE | schema
    return {**described, "schema": schema}


def _request_body(more: OperationDoc) -> _Json:
    if more.raw:
        return {"content": {media: {"schema": {"contentMediaType": "application/octet-stream"}} for media in more.raw}}
    if isinstance(more.body, type) and issubclass(more.body, BaseModel):
        schema: _Json = more.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schema = _inlined(schema)
    else:
        properties = {name: {"description": text} for name, text in dict(more.body or {}).items()}
        schema = {"type": "object", "properties": properties}
        if more.required:
            schema["required"] = [*more.required]
    if more.form:
        schema["properties"]["file"] |= {"type": "string", "contentMediaType": "application/octet-stream"}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    content: _Json = {"schema": schema} | ({"example": dict(more.sent)} if more.sent is not None else {})
    return {"content": {JSON: content, "application/x-www-form-urlencoded": {"schema": schema}}}


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
