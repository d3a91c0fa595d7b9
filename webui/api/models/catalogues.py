"""Model of survey catalogues."""

from pydantic import Field

from webui.api.models.base import Instant, Response

__all__ = ["Catalogue"]


class Catalogue(Response):
    """A survey catalogue that is a table of the schema ``hats``."""

    name: str
    table: str = Field(description="Name of the table in ADQL.")
    url: str = Field(description="Folder or address of the catalogue.")
    description: str
    visibility: str
    groups: list[str]
    release: str = Field(description="Release of which it is an object catalogue; empty without one.")
    rows: int | None = Field(description="Number of rows, if it is known.")
    bytes: int
    partitions: int
    columns: int = Field(description="Number of columns.")
    position: list[str] = Field(description="Columns of right ascension and declination, if there are any.")
    indexes: list[str] = Field(description="Columns with an index of HATS.")
    left_out: list[str] = Field(description="Columns whose types no query can use.")
    created_at: Instant | None
    refreshed_at: Instant | None
