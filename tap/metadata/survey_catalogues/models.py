"""Values of survey catalogues: what an administrator gives, and what was found in the files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from products.models import Visibility

if TYPE_CHECKING:  # pages and commands that need the names of this module should start fast
    import pyarrow as pa

    from core.columns import Column
    from tap.engine import Conversion

__all__ = ["SCHEMA", "CatalogueColumn", "CatalogueContent", "CatalogueValues", "SurveyCatalogue"]

#: Schema of the tables of survey catalogues in ADQL.
SCHEMA = "hats"


@dataclass(frozen=True, slots=True)
class CatalogueValues:
    """Values of a survey catalogue that administrators set.

    Parameters
    ----------
    description
        Description of the table; by default the title in the properties of the catalogue.
    visibility
        Who may read it; administrators alone when it is private.
    groups
        Names of the groups that may read it when it is for groups.
    release
        Name of the release of which it is an object catalogue, if any; its access groups restrict the readers further.
    ra, dec
        Columns of the position (ICRS, degrees), where the catalogue does not declare them.
    metadata
        Path or address of a table with units, UCDs and descriptions of columns, below a place of the settings.
    """

    description: str = ""
    visibility: Visibility = Visibility.REGISTERED
    groups: tuple[str, ...] = ()
    ra: str = ""
    dec: str = ""
    metadata: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueColumn:
    """A column of a survey catalogue.

    Parameters
    ----------
    source
        Its name in the files.
    share
        Its part of the bytes of the files.
    """

    column: "Column"
    source: str
    conversion: "Conversion"
    share: float


@dataclass(frozen=True, slots=True)
class CatalogueContent:
    """What was found in the files of a catalogue.

    Parameters
    ----------
    title
        Title in the properties of the catalogue, if any.
    columns
        Columns of the table, in order.
    position
        Names of the columns of right ascension and declination, if any.
    healpix
        Column of the files with the NESTED HEALPix index of order 29, if any.
    rows
        Number of rows, as far as it is known.
    data_root
        Folder of the partitions.
    indexes
        Folder of the HATS index of each column that has one.
    left_out
        Columns that no table of TAP can have, with the reason.
    partitions
        List of the partitions (`tap.metadata.survey_catalogues.partitions`).
    """

    title: str
    columns: tuple[CatalogueColumn, ...]
    position: tuple[str, str] | None
    healpix: str | None
    rows: int | None
    data_root: str
    indexes: Mapping[str, str]
    left_out: tuple[str, ...]
    partitions: "pa.Table"


@dataclass(frozen=True, slots=True)
class SurveyCatalogue:
    """A registered survey catalogue.

    Parameters
    ----------
    url
        Address of the catalogue, as it was registered.
    version
        A number that is another after each change.
    listing
        Name of the file with the list of its partitions, which is another one after each refresh.
    release
        Name of the release of which it is an object catalogue, or empty.
    """

    id: int
    version: int
    name: str
    url: str
    description: str
    visibility: Visibility
    groups: tuple[str, ...]
    columns: tuple[CatalogueColumn, ...]
    position: tuple[str, str] | None
    healpix: str | None
    rows: int | None
    bytes: int
    partitions: int
    listing: str
    data_root: str
    indexes: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    added_at: datetime | None = None
    refreshed_at: datetime | None = None
    release: str = ""

    @property
    def full_name(self) -> str:
        """Name of its table in queries."""
        return f"{SCHEMA}.{self.name}"
