"""Limits on table files, and the choice among several tables of one file."""

from dataclasses import dataclass

__all__ = ["ReadLimits", "TableChoice"]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits on the files that are read.

    Parameters
    ----------
    max_columns
        Maximum number of columns of a table.
    max_unpacked_bytes
        Maximum number of bytes that a compressed file may unpack to.
    max_ratio
        Maximum ratio of unpacked bytes to bytes of an archive.
    max_members
        Maximum number of members of an archive; the partitions of a HATS catalogue are not counted.
    batch_bytes
        Maximum size of a batch in bytes; wide tables get fewer rows than requested.
    allow_empty
        Whether a table without rows is accepted.
    whole_standard
        Whether everything that the format's standard allows is accepted: in VOTables also repeated or missing names,
        arrays of arrays and of texts, arrays without values, and complex numbers.
    """

    max_columns: int = 4096
    max_unpacked_bytes: int = 2_000_000_000
    max_ratio: int = 100
    max_members: int = 1000
    batch_bytes: int = 32_000_000
    allow_empty: bool = False
    whole_standard: bool = False


@dataclass(frozen=True, slots=True)
class TableChoice:
    """One of the tables of a file.

    Parameters
    ----------
    name
        Name by which the table is chosen: of an HDU, of an HDF5 group or dataset, or of a TABLE of a VOTable.
    rows
        Number of rows, or None when it is unknown before reading.
    columns
        Number of columns.
    is_read
        Whether the reader reads this table; several tables of a FITS file may be read side by side.
    """

    name: str
    rows: int | None
    columns: int
    is_read: bool = False
