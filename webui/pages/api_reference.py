"""Page with the documentation of the REST API, rendered without scripts from the OpenAPI document."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from webui.api.openapi import api_document
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["DocumentedOperation", "add_routes", "documented_operations"]

_Json = Mapping[str, Any]  # JSON of any shape
_METHODS = ("get", "post", "put", "patch", "delete", "options")


@dataclass(frozen=True, slots=True)
class DocumentedField:
    """A parameter, or a field of a body."""

    name: str
    location: str
    required: bool
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """An operation of the API as the page shows it.

    Parameters
    ----------
    anchor
        Fragment of the address of the page.
    fields
        Parameters of the path and the query, then the fields of the body.
    curl
        Example request as a shell command.
    response
        Example of the response body; empty for a file.
    statuses
        HTTP statuses of responses, with their descriptions.
    """

    method: str
    path: str
    anchor: str
    summary: str
    description: str
    deprecated: bool
    fields: tuple[DocumentedField, ...]
    curl: str
    response: str
    statuses: tuple[tuple[str, str], ...]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the documentation of the REST API."""

    @router.get("/docs")
    def docs(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        base = services.settings.public_url
        document = api_document(request.app, base)
        operations = documented_operations(document, base)
        tags = {tag["name"]: tag["description"] for tag in document["tags"]}
        return renderer.page("docs.html", identity, document=document, operations=operations, tags=tags)


def documented_operations(document: _Json, base: str) -> dict[str, tuple[DocumentedOperation, ...]]:
    """Return the operations of an OpenAPI document by their tags, in the order of the tags."""
    found: dict[str, tuple[DocumentedOperation, ...]] = {tag["name"]: () for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method]["tags"][0]
                found[tag] = (*found.get(tag, ()), _operation(method, path, item[method], document, base))
    return {tag: operations for tag, operations in found.items() if operations}


def _operation(method: str, path: str, operation: _Json, document: _Json, base: str) -> DocumentedOperation:
    parameters = [
        DocumentedField(p["name"], p["in"], p["required"], _type_name(p["schema"]), p.get("description", ""))
        for p in operation.get("parameters", [])
    ]
    successes = [response for status, response in operation["responses"].items() if status.startswith("2")]
    contents = successes[0].get("content", {}).values() if successes else ()
    example = next((content["example"] for content in contents if "example" in content), None)
    return DocumentedOperation(
        method=method.upper(),
        path=path,
        anchor=f"{method}{path.replace('/', '-').replace('{', '').replace('}', '')}",
        summary=operation["summary"],
        description=operation.get("description", ""),
        deprecated=operation.get("deprecated", False),
        fields=(*parameters, *_body_fields(operation)),
        curl=_curl(method, path, operation, base),
        response=_response_text(example),
        statuses=tuple(
            (status, _resolved(response, document)["description"])
            for status, response in sorted(operation["responses"].items())
        ),
    )


def _resolved(response: _Json, document: _Json) -> _Json:
    """Return a response, or the one in the components to which it refers."""
    if "$ref" not in response:
        return response
    found: _Json = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


def _response_text(example: object) -> str:
    if isinstance(example, str):
        return example.rstrip()
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _body_fields(operation: _Json) -> list[DocumentedField]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        required = schema.get("required", [])
        return [
            DocumentedField(name, "body", name in required, _type_name(field), field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ]
    return []


def _type_name(schema: _Json) -> str:
    """Return the name of the type of a value."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_name(choice) for choice in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value != "")
    return str(schema.get("type", ""))


def _curl(method: str, path: str, operation: _Json, base: str) -> str:
    words = ["curl", "-H", "Authorization: Bearer $TOKEN"]
    if method != "get":
        words += ["-X", method.upper()]
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        words += ["-F", "product=12", "-F", "role=0", "-F", "file=@vvds.csv"]
    elif "example" in content.get("application/json", {}):
        body = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        words += ["-H", "Content-Type: application/json", "-d", body]
    for name, value in (("{product_id}", "12"), ("{name}", "vvds.csv"), ("{user}", "wei")):
        path = path.replace(name, value)
    words.append(base + re.sub(r"\{\w+\}", "1", path))
    return " ".join(f'"{word}"' if "$TOKEN" in word else shlex.quote(word) for word in words)
