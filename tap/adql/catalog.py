"""Catalogue of the tables that one query may read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from core.columns import Column
from tap.adql.errors import QueryError, UnknownTableError, nearest
from tap.adql.tree import Name, TableName

__all__ = ["Catalog", "CatalogTable", "TableResolver", "chosen_table", "unknown_table"]

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table of the catalogue: its name in ADQL, its columns, and its name in the engine.

    Parameters
    ----------
    name
        The full name in ADQL, delimited where needed: ``redshift_catalog.p12_vvds``.
    columns
        The visible columns, in order.
    position
        Names of the columns of right ascension and declination (ICRS, degrees) by which rows are sorted, if any.
    sorted_by_healpix
        Whether the engine's table has `core.columns.HEALPIX_COLUMN` of `position`, which users do not see.
    engine_schema, engine_table
        Names of the schema and the table in the engine.
    engine_columns
        Names of the columns in the engine, when they differ from those in ADQL.
    has_cells
        Whether the engine's table has the HEALPix column; otherwise the column only chooses the files of the table
        (`tap.adql.scans.Scan.ranges`), and conditions on it are not in the SQL.
    """

    name: str
    columns: tuple[Column, ...]
    position: tuple[str, str] | None
    sorted_by_healpix: bool
    engine_schema: str
    engine_table: str
    engine_columns: tuple[str, ...] | None = None
    has_cells: bool = True

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the name, without quotes."""
        return tuple(quoted.replace('""', '"') if quoted else regular for quoted, regular in _PART.findall(self.name))


class TableResolver(Protocol):
    """Resolver of the names of tables in a query."""

    def find(self, reference: TableName) -> CatalogTable:
        """Return the table that a query names, or raise QueryError."""


class Catalog:
    """The tables that a query may read, found by name: case-insensitive unless the name is delimited.

    Parameters
    ----------
    tables
        The tables that the user may read. Others do not exist for the query: a private table gives the same error
        as a name that was never used.
    base
        A catalogue whose tables are found as well.
    """

    def __init__(self, tables: Iterable[CatalogTable], base: "TableResolver | None" = None) -> None:
        self._base = base
        self._tables: dict[tuple[str, ...], list[CatalogTable]] = {}
        self._names: dict[str, str] = {}
        for table in tables:
            self._tables.setdefault(tuple(part.lower() for part in table.parts), []).append(table)
            self._names[table.name.lower()] = table.name

    def find(self, reference: TableName) -> CatalogTable:
        """Return the table that a query names.

        Raises
        ------
        QueryError
            There is none, or several whose names differ only in case; the message suggests a similar name.
        """
        candidates = self._tables.get(tuple(name.text.lower() for name in reference.names))
        if candidates is None:
            if self._base is not None:
                return self._base.find(reference)
            candidates = []
        found = chosen_table(reference, candidates)
        if found is None:
            raise unknown_table(reference, self._names.values())
        return found


def chosen_table(reference: TableName, candidates: Iterable[CatalogTable]) -> CatalogTable | None:
    """Return the table that a reference names among those whose names are alike in any case, or None.

    Raises
    ------
    QueryError
        It names several.
    """
    found = [table for table in candidates if _matches(reference.names, table.parts)]
    if len(found) > 1:
        written = ".".join(name.text for name in reference.names)
        raise QueryError(f"The table name {written} is ambiguous", reference.at, f"write {found[0].name} in quotes")
    return found[0] if found else None


def unknown_table(reference: TableName, names: Iterable[str]) -> QueryError:
    """Return the error of a table that does not exist; it suggests a similar name."""
    written = ".".join(name.text for name in reference.names)
    known = {name.lower(): name for name in names}
    near = nearest(written, known) or next((name for name in known if name.split(".")[-1] == written.lower()), None)
    # Uploaded tables do not depend on the identity.
    kind = QueryError if written.lower().startswith("tap_upload.") else UnknownTableError
    return kind(f"Unknown table {written}", reference.at, f"did you mean {known[near]}?" if near else None)


def _matches(names: tuple[Name, ...], parts: tuple[str, ...]) -> bool:
    return all(name.matches(part) for name, part in zip(names, parts, strict=True))
