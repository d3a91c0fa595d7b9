"""Base of the models of responses, lists and errors, and the types of values that many of them have."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Error", "InspectionError", "Instant", "Json", "Listed", "Response"]

_Item = TypeVar("_Item")

#: JSON of any shape, for documents whose shape another model or standard describes.
Json = dict[str, Any]
#: An instant in UTC as text.
Instant = Annotated[
    str,
    Field(
        description="Instant in UTC, such as 2026-11-23T04:24:18.026500Z.", json_schema_extra={"format": "date-time"}
    ),
]


def _accept_more(schema: Json) -> None:
    schema.pop("additionalProperties", None)


class Response(BaseModel):
    """A response; keys may be added within a version of the API, so clients ignore those that they do not know."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_accept_more)


class Listed(Response, Generic[_Item]):
    """A list, or one page of it."""

    count: int = Field(description="Number of entries of the whole list.")
    next: str | None = Field(description="Address of the next page, if there is one.")
    previous: str | None = Field(description="Address of the previous page, if there is one.")
    results: list[_Item]


class Error(BaseModel):
    """An error; a wrong parameter or field is a key of its own, with its messages."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[str]]

    detail: str = Field(description="What is wrong, and what to do.")
    code: str = Field(description="Kind of the error, such as NotFound.")


class InspectionError(BaseModel):
    """The error of a main file that cannot be read."""

    error: str
    detail: str
    code: str
