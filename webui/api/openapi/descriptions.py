"""Description of one operation for the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

__all__ = ["BYTES", "JSON", "TEXT", "OperationDoc"]

JSON = "application/json"
TEXT = "text/plain"
#: Any media type.
BYTES = "*/*"


@dataclass(frozen=True, slots=True)
class OperationDoc:
    """Description of one operation.

    Parameters
    ----------
    text
        Description.
    response
        Example of the response; None for a file.
    model
        Type of the response as JSON; None without a body of JSON.
    media
        Media types of the response.
    also
        Further statuses of success, with their descriptions; their bodies are the same.
    errors
        Errors beside those that every operation has, by status; or the special meaning of one of those.
    body
        Fields of the body, as a model; or, for forms and free bodies, as descriptions by name.
    required
        Fields of such a body that must be there.
    sent
        Example of the body.
    form
        Whether the body is a multipart form.
    raw
        Media types of a body that is a file.
    """

    text: str
    response: object = None
    model: Any = None  # a type, or an alias of one
    media: tuple[str, ...] = (JSON,)
    also: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    body: type[BaseModel] | Mapping[str, str] | None = None
    required: tuple[str, ...] = ()
    sent: Mapping[str, Any] | None = None
    form: bool = False
    raw: tuple[str, ...] = ()
