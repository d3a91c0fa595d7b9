"""Catalogue of the tables that one query may read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.columns import Column
from tap.adql.errors import QueryError, UnknownTableError, nearest
from tap.adql.tree import Name, TableName

__all__ = ["Catalog", "CatalogTable"]

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
    """

    name: str
    columns: tuple[Column, ...]
    position: tuple[str, str] | None
    sorted_by_healpix: bool
    engine_schema: str
    engine_table: str
    engine_columns: tuple[str, ...] | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the name, without quotes."""
        return tuple(quoted.replace('""', '"') if quoted else regular for quoted, regular in _PART.findall(self.name))


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

    def __init__(self, tables: Iterable[CatalogTable], base: "Catalog | None" = None) -> None:
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
        names = reference.names
        candidates = self._tables.get(tuple(name.text.lower() for name in names))
        if candidates is None:
            if self._base is not None:
                return self._base.find(reference)
            candidates = []
        found = [table for table in candidates if _matches(names, table.parts)]
        if len(found) == 1:
            return found[0]
        written = ".".join(name.text for name in names)
        if found:
            raise QueryError(f"The table name {written} is ambiguous", reference.at, f"write {found[0].name} in quotes")
        # Uploaded tables do not depend on the identity.
        kind = QueryError if written.lower().startswith("tap_upload.") else UnknownTableError
        raise kind(f"Unknown table {written}", reference.at, self._advice(written))

    def _advice(self, written: str) -> str | None:
        known = self._names
        near = nearest(written, known) or next((name for name in known if name.split(".")[-1] == written.lower()), None)
        return f"did you mean {known[near]}?" if near else None


def _matches(names: tuple[Name, ...], parts: tuple[str, ...]) -> bool:
    return all(name.matches(part) for name, part in zip(names, parts, strict=True))
