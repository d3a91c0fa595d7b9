"""Files of products, columns, inspections, uploads in parts, and prepared downloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pzserver.models.base import Json, Model
from pzserver.models.products import Product

__all__ = [
    "Archive",
    "Column",
    "ColumnAssociation",
    "ColumnMeaning",
    "Inspection",
    "MainFile",
    "PartialUpload",
    "ProductFile",
    "ProductWithMainFile",
    "TableOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFile(Model):
    """A file of a product."""

    id: int
    product: int
    file: str
    can_delete: bool
    role_name: str
    role: int
    name: str
    type: str | None
    n_rows: int | None
    size: int
    extension: str
    is_directory: bool
    md5: str
    sha256: str
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnAssociation(Model):
    """The meaning of a column."""

    column_name: str
    ucd: str | None
    alias: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(ColumnAssociation):
    """A column of a product, with its meaning."""

    id: int
    product: int
    order: int
    datatype: str | None
    arraysize: str | None
    unit: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMeaning(Model):
    """A meaning that columns can have."""

    key: str
    alias: str
    ucd: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MainFile(Model):
    """What clients need to read the main file; without a name when there is none."""

    name: str | None
    type: str | None
    extension: str
    size: int
    n_rows: int | None
    is_directory: bool
    md5: str | None = None
    sha256: str | None = None
    columns: tuple[str, ...] = ()
    associated_columns: tuple[ColumnAssociation, ...] = ()
    delimiter: str | None = None
    has_header: bool | None = None
    layout: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions(Model):
    """How the table is taken from the main file."""

    table: str | None
    missing_values: Mapping[str, tuple[float | str, ...]]
    position: Json | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection(Model):
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
    phase: str | None = None
    found: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUpload(Model):
    """An upload in parts; ``file`` is the file of the product after the last part."""

    id: str
    product: int
    role: int
    name: str
    size: int
    received: int
    next_part: int
    file: ProductFile | None
    fingerprint: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Model):
    """A prepared download."""

    id: int
    task_id: str | None
    status: str
    filename: str
    size: int
    checksum: str | None
    source_signature: str
    created_at: datetime
    updated_at: datetime
    download_url: str
    expired_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductWithMainFile(Product):
    """A product with its main file and its columns."""

    main_file: MainFile
