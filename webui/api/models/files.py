"""Models of the files of products, their columns, their inspection, uploads in parts, and prepared downloads."""

from typing import Literal

from pydantic import Field

from webui.api.models.base import Instant, Json, Response

__all__ = [
    "Archive",
    "Column",
    "ColumnAssociation",
    "ColumnMeaning",
    "DescribedColumns",
    "Inspection",
    "MainFile",
    "PartialUpload",
    "ProductFile",
    "TableOptions",
    "TableRows",
]

Role = Literal[0, 1, 2]


class ProductFile(Response):
    """A file of a product."""

    id: int
    product: int
    file: str = Field(description="Address of the file.")
    can_delete: bool
    role_name: Literal["Main", "Description", "Auxiliary"]
    role: Role = Field(description="0 main, 1 description, 2 auxiliary.")
    name: str
    type: str | None = Field(description="Media type.")
    n_rows: int | None
    size: int
    extension: str
    is_directory: bool
    md5: str
    sha256: str
    created: Instant
    updated: Instant


class ColumnAssociation(Response):
    """The meaning of a column."""

    column_name: str
    ucd: str | None
    alias: str | None


class Column(ColumnAssociation):
    """A column of a product, with its meaning."""

    id: int
    product: int
    order: int
    datatype: str | None = Field(description="Datatype of VOTable.")
    arraysize: str | None
    unit: str | None
    description: str | None


class DescribedColumns(Response):
    """The columns that were described, and the names in the request that no column has."""

    count: int
    unknown: list[str]
    results: list[Column]


class ColumnMeaning(Response):
    """A meaning that columns can have."""

    key: str
    alias: str
    ucd: str
    description: str


class MainFile(Response):
    """What clients need to read the main file; without a name when there is none."""

    name: str | None
    type: str | None
    extension: str
    size: int
    n_rows: int | None
    is_directory: bool
    md5: str | None = None
    sha256: str | None = None
    columns: list[str] = Field(default=[])
    associated_columns: list[ColumnAssociation] = Field(default=[])
    delimiter: str | None = None
    has_header: bool | None = None
    layout: str | None = None


class TableOptions(Response):
    """How the table is taken from the main file."""

    table: str | None
    missing_values: dict[str, list[float | str]]
    position: Json | str | None = Field(description="Columns of the positions, their units and frame, or 'as given'.")


class Inspection(Response):
    """State and results of the inspection of the main file."""

    product: int
    state: str
    error: str | None
    job: str | None
    published: bool
    tap_table: str | None
    options: TableOptions
    progress: float | None = None
    message: str | None = None
    phase: str | None = Field(None, description="UWS phase of the job, while it runs.")
    found: Json = Field(description="Statistics, footprint, preview and guesses of meanings; empty before the end.")


class TableRows(Response):
    """The first rows of a table."""

    count: int
    columns: list[str]
    results: list[Json]


class PartialUpload(Response):
    """An upload in parts; ``file`` is the file of the product after the last part."""

    id: str
    product: int
    role: Role
    name: str
    size: int
    received: int
    next_part: int
    file: ProductFile | None
    fingerprint: str | None = None
    updated_at: Instant | None = None


class Archive(Response):
    """A prepared download."""

    id: int
    task_id: str | None
    status: Literal["ready"]
    filename: str
    size: int
    checksum: str | None = Field(description="SHA-256, where it is known.")
    source_signature: str
    created_at: Instant
    updated_at: Instant
    download_url: str
    expired_time: Instant
