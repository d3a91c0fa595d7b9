"""Models of the catalogue: product types, releases, products, files and columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from products.attribution.models import Attribution

if TYPE_CHECKING:  # it imports Arrow, and commands that need the names of this module should start fast
    from core.columns import Column

__all__ = [
    "ColumnSummary",
    "FileRole",
    "InspectionState",
    "Product",
    "ProductColumn",
    "ProductFile",
    "ProductStatus",
    "ProductTable",
    "ProductType",
    "Release",
    "Visibility",
]


_NO_ATTRIBUTION = Attribution()


class ProductStatus(IntEnum):
    """Status of a product; the numbers are part of the REST API."""

    REGISTERING = 0
    PUBLISHED = 1
    DELETED = 2
    PROCESSING = 3
    FAILED = 9

    @property
    def label(self) -> str:
        """Display name."""
        return self.name.capitalize()


class FileRole(IntEnum):
    """Role of a file in its product."""

    MAIN = 0
    DESCRIPTION = 1
    AUXILIARY = 2

    @property
    def label(self) -> str:
        """Display name."""
        return self.name.capitalize()


class Visibility(StrEnum):
    """Who may read a published product."""

    PRIVATE = "private"
    GROUPS = "groups"
    REGISTERED = "registered"
    PUBLIC = "public"


class InspectionState(StrEnum):
    """State of the inspection of a product's main file."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    NOT_A_TABLE = "not_a_table"


@dataclass(frozen=True, slots=True)
class ProductType:
    """A product type.

    Parameters
    ----------
    mandatory
        Keys of the column meanings without which a product of this type is not published.
    recommended
        Keys of the meanings that pipelines use where a column has them.
    tabular
        Whether the main file must be a table.
    has_release, has_pz_code
        Whether products of this type have a release, and whether they have a photo-z code.
    takes_pz_code
        Whether a photo-z code may be given although it is not required; False where no code makes such products.
    has_spectroscopic_redshifts
        Whether the redshifts of its tables are spectroscopic, or of similar quality, rather than estimates.
    data_elsewhere
        Whether the data may be elsewhere, at an address given in the description.
    is_open
        Whether new products of this type may be made.
    """

    id: int
    name: str
    display_name: str
    order: int
    description: str
    mandatory: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()
    tabular: bool = False
    has_release: bool = True
    has_pz_code: bool = False
    takes_pz_code: bool = True
    has_spectroscopic_redshifts: bool = False
    data_elsewhere: bool = False
    is_open: bool = True

    @property
    def has_positions(self) -> bool:
        """Whether every published table of this type has positions on the sky."""
        return {"ra", "dec"} <= set(self.mandatory)


@dataclass(frozen=True, slots=True)
class Release:
    """A data release that products refer to.

    Parameters
    ----------
    indexing_column
        Column that identifies an object in the release's object catalogue.
    has_magnitudes, has_fluxes
        Whether that catalogue holds magnitudes, and whether it holds fluxes.
    dereddening, fluxes
        Choices that a training set made with it has, each with ``name`` and ``display_name``, and ``selected`` or
        ``disabled`` where that is true; none when there is no such catalogue.
    """

    id: int
    name: str
    display_name: str
    description: str
    is_public: bool
    created_at: datetime
    indexing_column: str
    has_magnitudes: bool
    has_fluxes: bool
    dereddening: Sequence[Mapping[str, object]] | None
    fluxes: Sequence[Mapping[str, object]] | None


@dataclass(frozen=True, slots=True)
class ProductFile:
    """One file of a product, with its checksums in hexadecimal.

    Parameters
    ----------
    details
        Properties that the reader found: for CSV the delimiter and whether there is a header.
    """

    id: int
    product_id: int
    role: FileRole
    name: str
    media_type: str
    size: int
    rows: int | None
    extension: str
    details: Mapping[str, object]
    md5: str
    sha256: str
    stored_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """Statistics of a column that queries can ask for.

    Parameters
    ----------
    nulls
        Rows without a value.
    minimum, maximum
        Of the finite numbers; none for text and arrays.
    distinct
        Number of different values, an estimate when it is above 64; none when it is not known.
    """

    nulls: int
    minimum: float | None = None
    maximum: float | None = None
    distinct: int | None = None


@dataclass(frozen=True, slots=True)
class ProductColumn:
    """One column of a product's table, with the meaning that its owner gave it.

    Parameters
    ----------
    alias
        The name of the meaning (``RA``, ``Dec``, ``z`` …) or a free one; none when the owner gave none.
    summary
        Statistics of its values, as far as they are known.
    """

    id: int
    product_id: int
    order: int
    column: "Column"
    alias: str | None
    summary: ColumnSummary | None = None

    def association(self) -> dict[str, str | None]:
        """Return the column's name with its meaning, in the form used by the REST API and ``product_metadata.yaml``."""
        return {"column_name": self.column.name, "ucd": self.column.ucd, "alias": self.alias}


@dataclass(frozen=True, slots=True)
class Product:
    """Metadata of a data product.

    Parameters
    ----------
    co_owners
        Names of the co-owners, in alphabetical order.
    groups
        Names of the groups whose members read it when its visibility is ``groups``.
    visibility
        Who may read it today: public once the embargo date is reached.
    previous_id
        Number of the product that this one is a new version of.
    attribution
        Authors, licence, references and the like. Its relations to products of this server are shown to those alone who
        may read these.
    embargo_date
        The day (UTC) at which it becomes public by itself; None when there is none, or it is reached.
    is_hidden
        Whether only its owner, named users and administrators read it at present, whatever its visibility is: it is the
        truth of a challenge that is not published.
    """

    id: int
    internal_name: str
    display_name: str
    product_type: ProductType
    release: Release | None
    owner_id: int
    owner: str
    description: str
    pz_code: str | None
    official: bool
    visibility: Visibility
    status: ProductStatus
    origin: str
    release_year: int | None
    inspection_state: InspectionState
    inspection_job: str | None
    inspection_error: str | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    co_owners: tuple[str, ...] = ()
    co_owner_ids: frozenset[int] = frozenset()
    groups: tuple[str, ...] = ()
    previous_id: int | None = None
    attribution: Attribution = _NO_ATTRIBUTION
    embargo_date: date | None = None
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class ProductTable:
    """Derived rows of a product, which the query engine reads.

    Parameters
    ----------
    schema, name
        Name of the table in ADQL; both parts are regular identifiers.
    stored_id
        Name of the Parquet file.
    ra, dec, z
        Columns by which the rows were sorted and from which the footprint and N(z) were computed.
    footprint
        Footprint of the rows as an ASCII MOC; None when they have no positions.
    options
        The options by which the rows were taken from the file (``TableOptions`` as an object of JSON).
    size
        Size of the Parquet file in bytes; None in rows of an early version.
    """

    product_id: int
    schema: str
    name: str
    stored_id: str
    rows: int
    ra: str | None
    dec: str | None
    z: str | None
    footprint: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    size: int | None = None

    @property
    def full_name(self) -> str:
        """Qualified name of the table in ADQL."""
        return f"{self.schema}.{self.name}"
