"""Request bodies: JSON, urlencoded or multipart, parsed into the same fields; and their Pydantic models."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from core.errors import InvalidValueError, TooLargeError
from core.files import Staging
from core.web.multipart import receive_form
from products.attribution import AttributionChanges, Author, Award, Keyword, RelationRequest
from products.attribution.lines import (
    authors_of_lines,
    awards_of_lines,
    keywords_of_lines,
    lines_of,
    relations_of_lines,
)
from products.models import Visibility
from products.sharing.embargoes import parse_embargo_date

__all__ = [
    "CatalogueBody",
    "CataloguePatch",
    "CuratedBody",
    "GroupBody",
    "GroupPatch",
    "LinkBody",
    "MemberBody",
    "NodeBody",
    "ProductBody",
    "ProductPatch",
    "TransferBody",
    "parse_body",
    "read_body",
    "read_fields",
]

_MAX_BYTES = 2_000_000

_Model = TypeVar("_Model", bound=BaseModel)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: A number or a name, as text.
Reference = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=int | str)]


class _Body(BaseModel):
    """Base of all bodies; unknown fields are ignored, as clients expect."""

    model_config = ConfigDict(extra="ignore")

    @field_validator("release", "pz_code", mode="before", check_fields=False)
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("groups", mode="before", check_fields=False)
    @classmethod
    def _words_are_a_list(cls, value: object) -> object:
        # A form has the names of groups in one value.
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class _AttributionBody(_Body):
    """Fields of the attribution of a product; a form has lists as lines of text."""

    authors: tuple[Author, ...] | None = Field(None, description="Authors, in their order.")
    license: str | None = Field(None, description="SPDX identifier of the licence.")
    references: tuple[str, ...] | None = Field(None, description="DOIs, bibcodes or numbers of arXiv.")
    funding: tuple[Award, ...] | None = Field(None, description="Funders and grants.")
    keywords: tuple[Keyword, ...] | None = Field(None, description="Concepts of the UAT, or other keywords.")
    related: tuple[RelationRequest, ...] | None = Field(None, description="Related products, DOIs and addresses.")
    doi: str | None = Field(None, description="DOI of the product.")
    embargo_date: date | None = Field(None, description="Day (UTC) at which the product becomes public by itself.")

    @field_validator("embargo_date", mode="before")
    @classmethod
    def _blank_is_no_date(cls, value: object) -> object:
        return parse_embargo_date(value) if isinstance(value, str) else value

    @field_validator("authors", "references", "funding", "keywords", "related", mode="before")
    @classmethod
    def _entries_of_lines(cls, value: object, info: ValidationInfo) -> object:
        parse = _LINES[info.field_name or ""]
        if isinstance(value, str):
            return parse(value)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            return value
        return tuple(entry for item in value for entry in parse(item))

    @property
    def attribution(self) -> AttributionChanges:
        """The changes of the attribution."""
        return AttributionChanges(**{name: getattr(self, name) for name in AttributionChanges.model_fields})


_LINES: Mapping[str, Callable[[str], Sequence[object]]] = {
    "authors": authors_of_lines,
    "references": lines_of,
    "funding": awards_of_lines,
    "keywords": keywords_of_lines,
    "related": relations_of_lines,
}


class ProductBody(_AttributionBody):
    """Body that creates a product."""

    display_name: str = Field(description="Display name.")
    product_type: Reference = Field(description="Number or name of the product type.")
    release: Reference | None = Field(None, description="Number or name of the release, for types that have one.")
    official_product: bool = Field(default=False, description="Made by the project; administrators only.")
    pz_code: str | None = Field(None, description="Photo-z code, for results and estimates.")
    description: str | None = Field(None, description="Markdown.")
    visibility: Visibility = Field(Visibility.REGISTERED, description="Who may read it once it is published.")
    groups: list[str] = Field([], description="Names of the groups that it is shared with, for the visibility groups.")
    release_year: int | None = None


class ProductPatch(_AttributionBody):
    """Body that changes a product; ``status`` 1 publishes it."""

    display_name: str | None = None
    release: Reference | None = Field(None, description="Number or name of the release; null for none.")
    official_product: bool | None = None
    pz_code: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    groups: list[str] | None = None
    release_year: int | None = None
    status: int | None = None


class GroupBody(_Body):
    """Body that creates a group."""

    name: str = Field(
        description="Unique name: letters, digits and . _ @ + -.", json_schema_extra={"minLength": 1, "maxLength": 150}
    )
    description: str = ""


class GroupPatch(_Body):
    """Body that changes a group."""

    description: str


class CatalogueBody(_Body):
    """Body that registers a survey catalogue."""

    name: str = Field(description="Name of the table in the schema hats.")
    url: str = Field(description="Folder, or s3, https or http address, below a place of the settings.")
    description: str = ""
    visibility: Visibility = Visibility.REGISTERED
    groups: Sequence[str] = Field(default=(), description="Names of the groups that may read it.")
    ra: str = Field(default="", description="Column of right ascension, where the catalogue declares none.")
    dec: str = Field(default="", description="Column of declination.")
    metadata: str = Field(
        default="",
        description="Path or address of a table with units, UCDs and descriptions of columns, below a place of the "
        "settings.",
    )
    release: str | None = Field(default=None, description="Name of the release of which it is an object catalogue.")


class CataloguePatch(_Body):
    """Body that changes a survey catalogue; what is missing stays."""

    description: str | None = None
    visibility: Visibility | None = None
    groups: Sequence[str] | None = None
    release: str | None = Field(default=None, description="Name of the release; null takes it from its release.")


class MemberBody(_Body):
    """Body that adds or changes a member of a group."""

    is_manager: bool = Field(default=False, description="Whether the member manages the group.")


class TransferBody(_Body):
    """Body that transfers a product to a new owner."""

    user: str = Field(description="Name of the account.")
    stay: bool = Field(default=True, description="Whether the old owner remains as a co-owner.")


class NodeBody(_Body):
    """Body that attaches a file or folder of VOSpace to a product."""

    uri: str = Field(max_length=4000)
    role: str = "main"


class CuratedBody(_Body):
    """Body that replaces the page of curated datasets."""

    text: str = Field(description="Markdown.")
    version: int | None = Field(None, description="The version that was edited; null to replace any.")


class LinkBody(_Body):
    """Body that creates a sharing link."""

    days: int = Field(14, description="Lifetime in days.", json_schema_extra={"minimum": 1, "maximum": 365})
    note: str = Field("", description="A note for its creator, such as the recipient.")


async def read_fields(request: Request) -> dict[str, Any]:
    """Parse the fields of a request: JSON, urlencoded or multipart.

    Raises
    ------
    InvalidValueError
        The body does not match its content type.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        form = await receive_form(request, _no_files)
        return dict(form.fields)
    body = await read_body(request)
    if not body:
        return {}
    try:
        if media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000))
        fields = json.loads(body)
        json.dumps(fields, ensure_ascii=False).encode()  # fails where half of a surrogate pair was escaped
    except (ValueError, RecursionError) as e:
        message = "The body of the request is neither valid JSON nor a form."
        raise InvalidValueError(message) from e
    if not isinstance(fields, dict):
        message = "The body of the request must be a JSON object."
        raise InvalidValueError(message)
    return fields


async def read_body(request: Request) -> bytes:
    """Return a short body as it is.

    Raises
    ------
    TooLargeError
        It is longer than 2 MB.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            message = f"The request is larger than {_MAX_BYTES // 1_000_000} MB."
            raise TooLargeError(message)
    return bytes(body)


def parse_body(model: type[_Model], fields: dict[str, Any]) -> _Model:
    """Validate fields against a model; the error names the first wrong field."""
    try:
        return model.model_validate(fields)
    except ValidationError as e:
        first = e.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "body"
        message = "This field is required." if first["type"] == "missing" else f"{first['msg']}: {first['input']!r:.80}"
        raise InvalidValueError(message, field=name) from e


def _no_files(_fields: dict[str, str]) -> Staging:
    message = "This address accepts no files."
    raise InvalidValueError(message, field="file")
