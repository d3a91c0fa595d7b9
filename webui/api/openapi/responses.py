"""Responses of operations in the OpenAPI document: bodies, headers, and the errors that operations have in common."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter

from webui.api.models.base import Error, InspectionError
from webui.api.openapi.descriptions import BYTES, JSON, OperationDoc
from webui.api.openapi.operations import OPERATIONS

__all__ = ["components", "described_responses"]

_Json = dict[str, Any]  # JSON of OpenAPI

_REFERENCES = "#/components/schemas/{model}"
_WRITING = frozenset({"post", "put", "patch", "delete"})
_CODES = {
    "400": "InvalidValue",
    "401": "NotAuthenticated",
    "403": "PermissionDenied",
    "404": "NotFound",
    "409": "Conflict",
    "413": "TooLarge",
    "416": "OutOfRange",
    "422": "UnreadableFile",
    "429": "TooManyRequests",
    "503": "ServiceBusy",
    "507": "StorageFull",
}
#: Errors of every operation.
_COMMON: Mapping[str, str] = {
    "400": "A parameter or a field is unknown or not valid; the response names it.",
    "401": "No valid credentials.",
    "403": "The scope of the token is insufficient, or the resource belongs to another user.",
    "404": "There is no such resource, or you may not read it.",
    "429": "Too many requests or failed sign-ins; Retry-After is the number of seconds to wait.",
    "503": "The server is overloaded or its database is not available; Retry-After is the number of seconds to wait.",
}
#: Errors of operations that write.
_OF_WRITING: Mapping[str, str] = {
    "409": "The state of the resource does not allow this.",
    "413": "The body is larger than the limit.",
}
_SUCCESS = {"200": "OK", "201": "Created", "202": "Accepted", "204": "No content"}
_MISSING_MEANINGS, _OUT_OF_RANGE = "406", "416"

_ETAG: _Json = {"ETag": {"description": "Entity tag, for If-None-Match.", "schema": {"type": "string"}}}
_VERSION: _Json = {"API-Version": {"description": "Version of the API.", "schema": {"type": "string"}}}
_LINK: _Json = {"Link": {"description": "The next and the previous page (RFC 8288).", "schema": {"type": "string"}}}
_RETRY: _Json = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def components() -> tuple[Mapping[int, _Json], _Json]:
    """Return the schemas of the types of responses, by the identity of the type, and the components of the document."""
    types = {id(doc.model): doc.model for doc in OPERATIONS.values() if doc.model is not None}
    types |= {id(model): model for model in (Error, InspectionError)}
    inputs = [(number, "serialization", TypeAdapter(each)) for number, each in types.items()]
    schemas, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCES)  # type: ignore[arg-type]
    by_type = {number: _renamed(schema) for (number, _), schema in schemas.items()}
    responses = {
        _CODES[status]: _error(status, text, "", by_type) for status, text in {**_COMMON, **_OF_WRITING}.items()
    }
    return by_type, {"schemas": _renamed(definitions["$defs"]), "responses": responses}


def _renamed(schemas: _Json) -> _Json:
    """Return schemas with the names of lists as Pydantic does not write them: ``ProductList``."""
    found: _Json = json.loads(re.sub(r"Listed[_\[](\w+?)[_\]](?=\")", r"\1List", json.dumps(schemas)))
    return found


def described_responses(
    method: str, path: str, success: Collection[str], doc: OperationDoc, schemas: Mapping[int, _Json]
) -> _Json:
    """Return the responses of an operation.

    Parameters
    ----------
    success
        Statuses of FastAPI's description; those of errors are left out.
    schemas
        Schemas of the types of responses.
    """
    found: _Json = {}
    for status in success:
        if status.startswith("2"):
            found[status] = _success(method, status, doc, schemas)
    first = next(iter(found.values()))
    for status, text in doc.also.items():
        found[status] = {**first, "description": text} if status != "304" else {"description": text}
    if method == "get" and "ETag" in first["headers"]:
        found["304"] = {"description": "The resource has not changed (If-None-Match)."}
    common = {**_COMMON, **(_OF_WRITING if method in _WRITING else {})}
    found |= {status: {"$ref": f"#/components/responses/{_CODES[status]}"} for status in common}
    found |= {status: _error(status, text, path, schemas) for status, text in doc.errors.items()}
    return dict(sorted(found.items()))


def _success(method: str, status: str, doc: OperationDoc, schemas: Mapping[int, _Json]) -> _Json:
    headers, response = dict(_VERSION), {"description": _SUCCESS[status]}
    if status == "204":
        return {**response, "headers": headers}
    schema = schemas.get(id(doc.model), {})
    if method == "get" and BYTES not in doc.media and "application/zip" not in doc.media:
        headers |= _ETAG
    if schema.get("$ref", "").endswith("List"):
        headers |= _LINK
    content = {media: {"schema": schema if "json" in media else _schema_of(media)} for media in doc.media}
    if doc.response is not None:
        content[doc.media[0]]["example"] = doc.response  # type: ignore[assignment]
    return {**response, "headers": headers, "content": content}


def _schema_of(media: str) -> _Json:
    if media.startswith("text/") or media.endswith(("xml", "yaml", "bibtex", "systems")):
        return {"type": "string"}
    return {"contentMediaType": "application/octet-stream"}


def _error(status: str, text: str, path: str, schemas: Mapping[int, _Json]) -> _Json:
    headers = dict(_VERSION) | (_RETRY if status in {"429", "503"} else {})
    if status == _OUT_OF_RANGE:
        return {"description": text, "headers": headers}
    if status == _MISSING_MEANINGS:
        content: _Json = {"schema": {"type": "string"}, "example": "The column(s) was not filled in: Dec,RA,z"}
    else:
        model = InspectionError if status == "422" and path.endswith("/registry") else Error
        content = {"schema": schemas[id(model)], "example": {"detail": text, "code": _CODES[status]}}
        if model is InspectionError:
            content["example"]["error"] = text
    return {"description": text, "headers": headers, "content": {JSON: content}}
