"""The description of the REST API as a page: rendered here, so that it loads nothing and needs no scripts."""

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

_Json = Mapping[str, Any]  # JSON objects hold whatever JSON holds
_METHODS = ("get", "post", "put", "patch", "delete", "options")


@dataclass(frozen=True, slots=True)
class DocumentedField:
    """A parameter, or a field of a body."""

    name: str
    place: str
    required: bool
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """One operation as the page shows it.

    Parameters
    ----------
    anchor
        Its name in the address of the page.
    fields
        Parameters of the path and the query, then the fields of the body.
    curl
        A command that asks for it.
    answer
        Example of the answer, as text; empty where it is a file.
    statuses
        Statuses of answers, with what they mean.
    """

    method: str
    path: str
    anchor: str
    summary: str
    text: str
    deprecated: bool
    fields: tuple[DocumentedField, ...]
    curl: str
    answer: str
    statuses: tuple[tuple[str, str], ...]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page."""

    @router.get("/docs")
    def docs(request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        document = api_document(request.app)
        parts = documented_operations(document, services.settings.public_url)
        tags = {tag["name"]: tag["description"] for tag in document["tags"]}
        return renderer.page("docs.html", identity, document=document, parts=parts, tags=tags)


def documented_operations(document: _Json, base: str) -> dict[str, tuple[DocumentedOperation, ...]]:
    """Return the operations of a description by their tags, in the order of the tags."""
    parts: dict[str, tuple[DocumentedOperation, ...]] = {tag["name"]: () for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method]["tags"][0]
                parts[tag] = (*parts.get(tag, ()), _operation(method, path, item[method], base))
    return {tag: operations for tag, operations in parts.items() if operations}


def _operation(method: str, path: str, said: _Json, base: str) -> DocumentedOperation:
    parameters = [
        DocumentedField(p["name"], p["in"], p["required"], _kind(p["schema"]), p.get("description", ""))
        for p in said.get("parameters", [])
    ]
    answers = [(status, answer) for status, answer in said["responses"].items() if status.startswith("2")]
    contents = answers[0][1].get("content", {}).values() if answers else ()
    example = next((content["example"] for content in contents if "example" in content), None)
    return DocumentedOperation(
        method=method.upper(),
        path=path,
        anchor=f"{method}{path.replace('/', '-').replace('{', '').replace('}', '')}",
        summary=said["summary"],
        text=said.get("description", ""),
        deprecated=said.get("deprecated", False),
        fields=(*parameters, *_body_fields(said)),
        curl=_curl(method, path, said, base),
        answer=_answer(example),
        statuses=tuple((status, answer.get("description", "")) for status, answer in sorted(said["responses"].items())),
    )


def _answer(example: object) -> str:
    if isinstance(example, str):
        return example.rstrip()
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _body_fields(said: _Json) -> list[DocumentedField]:
    for content in said.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        required = schema.get("required", [])
        return [
            DocumentedField(name, "body", name in required, _kind(field), field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ]
    return []


def _kind(schema: _Json) -> str:
    """Say the type of a value in a word or two."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    return str(schema.get("type", ""))


def _curl(method: str, path: str, said: _Json, base: str) -> str:
    words = ["curl", "-H", "Authorization: Bearer $TOKEN"]
    if method != "get":
        words += ["-X", method.upper()]
    content = said.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        words += ["-F", "product=12", "-F", "role=0", "-F", "file=@vvds.csv"]
    elif "example" in content.get("application/json", {}):
        body = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        words += ["-H", "Content-Type: application/json", "-d", body]
    for name, value in (("{product_id}", "12"), ("{name}", "vvds.csv"), ("{user}", "wei")):
        path = path.replace(name, value)
    words.append(base + re.sub(r"\{\w+\}", "1", path))
    return " ".join(f'"{word}"' if "$TOKEN" in word else shlex.quote(word) for word in words)
