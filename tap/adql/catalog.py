"""The tables that one user may query: the only ones that exist for his query."""

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
    """A table as a query sees it.

    Parameters
    ----------
    name
        What a user types, with quotes where they are needed: ``redshift_catalog.p12_vvds``.
    columns
        The visible columns, in order; the engine's columns have the same names.
    position
        Names of the columns of right ascension and declination (ICRS, degrees) by which rows are sorted, if any.
    sorted_by_healpix
        Whether the engine's table has `core.columns.HEALPIX_COLUMN` of `position`, which users do not see.
    engine_schema, engine_table
        Names inside the engine.
    engine_columns
        Names of the columns inside the engine, when they are not the names that users know.
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
    """Every table that a query may read, found by name: in any case, or letter by letter when quoted.

    Parameters
    ----------
    tables
        What this user may read. What is not among them does not exist for his query: a private table gives the same
        error as a name that was never used.
    base
        A catalogue whose tables stand beside these.
    """

    def __init__(self, tables: Iterable[CatalogTable], base: "Catalog | None" = None) -> None:
        self._base = base
        self._tables: dict[tuple[str, ...], list[CatalogTable]] = {}
        self._names: dict[str, str] = {}
        for table in tables:
            self._tables.setdefault(tuple(part.lower() for part in table.parts), []).append(table)
            self._names[table.name.lower()] = table.name

    def find(self, reference: TableName) -> CatalogTable:
        """Find the table that a query names.

        Raises
        ------
        QueryError
            When there is none, or more than one whose names differ in case alone; says which name is near.
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
        # What one sends along oneself does not depend on who one is.
        kind = QueryError if written.lower().startswith("tap_upload.") else UnknownTableError
        raise kind(f"Unknown table {written}", reference.at, self._near(written))

    def _near(self, written: str) -> str | None:
        known = self._names
        near = nearest(written, known) or next((name for name in known if name.split(".")[-1] == written.lower()), None)
        return f"did you mean {known[near]}?" if near else None


def _matches(names: tuple[Name, ...], parts: tuple[str, ...]) -> bool:
    return all(name.matches(part) for name, part in zip(names, parts, strict=True))
