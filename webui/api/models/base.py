"""Base of the models of responses, and the types of values that many of them have."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Instant", "Json", "Response"]

#: JSON of any shape, for documents whose shape another model or standard describes.
Json = dict[str, Any]
#: An instant in UTC as text.
Instant = Annotated[
    str,
    Field(
        description="Instant in UTC, such as 2026-11-23T04:24:18.026500Z.", json_schema_extra={"format": "date-time"}
    ),
]


class Response(BaseModel):
    """A response; keys may be added within a version of the API, so clients ignore those that they do not know."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=lambda schema: schema.pop("additionalProperties", None))
