"""Table provider of the registry: the schema ``rr`` of RegTAP 1.1."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from core.auth.models import ANONYMOUS, Identity
from tap.adql import CatalogTable
from tap.metadata.catalog import TableBlock
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.registry_columns import (
    REGISTRY_COLUMNS,
    REGISTRY_DESCRIPTIONS,
    REGISTRY_KEYS,
    REGISTRY_MODEL,
    REGISTRY_UTYPES,
)
from tap.metadata.registry_rows import BlockRows, RegistryBlock
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.rows import rows_by_name
from tap.models import RowFiles, TapSchema, TapTable

__all__ = ["RegistryBlock", "RegistrySource", "RegistryTables"]

_RR = TapSchema("rr", "The registry of the public resources of this server (RegTAP 1.1)", (), REGISTRY_MODEL)


class RegistrySource(Protocol):
    """The records of the registry, which everybody may read."""

    def blocks(self) -> Sequence[RegistryBlock]:
        """Return the current records, in blocks that change one by one."""


class RegistryTables:
    """`TableProvider` of the tables of RegTAP, which are the same for everybody.

    Parameters
    ----------
    source
        Returns the records; called when a query reads a table.
    files
        Where the rows are kept.
    """

    def __init__(self, source: Callable[[], RegistrySource], files: MetadataFiles) -> None:
        self._source = source
        self._segments = RowSegments(files, files.stored)
        self._block_rows = BlockRows()

    def stamp(self) -> object:
        """Return a value that never changes: what the tables are like does not depend on their rows."""
        return _RR.name

    def schemas(self, identity: Identity) -> list[TapSchema]:  # noqa: ARG002 - the same for all
        """Return ``rr``."""
        return [_RR]

    def tables(self, identity: Identity, schema: str) -> list[TapTable]:  # noqa: ARG002 - the same for all
        """Return the tables of ``rr``."""
        return self._all() if schema == _RR.name else []

    def named(self, identity: Identity, schema: str, name: str) -> list[TapTable]:  # noqa: ARG002 - the same for all
        """Return the table of a name in any case."""
        known = schema.lower() == _RR.name and name.lower() in REGISTRY_COLUMNS
        return [self._table(name.lower())] if known else []

    def blocks(self, identity: Identity) -> list[TableBlock]:  # noqa: ARG002 - the same for all
        """Return the tables as one block."""
        return [TableBlock(_RR.name, self._all, has_keys=True)]

    def _all(self) -> list[TapTable]:
        return [self._table(name) for name in REGISTRY_COLUMNS]

    def _table(self, name: str) -> TapTable:
        columns, full_name = REGISTRY_COLUMNS[name], f"{_RR.name}.{name}"
        return TapTable(
            schema=_RR.name,
            entry=CatalogTable(
                name=full_name,
                columns=columns,
                position=None,
                sorted_by_healpix=False,
                engine_schema=_RR.name,
                engine_table=name,
            ),
            description=REGISTRY_DESCRIPTIONS[name],
            principal=frozenset(column.name for column in columns),
            located=partial(self._rows, name),
            order=list(REGISTRY_COLUMNS).index(name),
            standard=True,
            utype=REGISTRY_UTYPES.get(name),
            foreign_keys=tuple(key for key in REGISTRY_KEYS if key.from_table == full_name),
        )

    def _rows(self, name: str) -> RowFiles:
        """Return the files of the rows of a table; the others are written as well when much has changed."""
        blocks = self._source().blocks()
        found = self._files_of(name, blocks)
        if self._block_rows.has_many:
            for other in REGISTRY_COLUMNS:
                self._files_of(other, blocks)
            self._block_rows.clear()
        return found

    def _files_of(self, name: str, blocks: Sequence[RegistryBlock]) -> RowFiles:
        parts = [RowBlock(block.key, partial(self._block_rows.take, name, block)) for block in blocks]
        empty = RowBlock("", partial(rows_by_name, REGISTRY_COLUMNS[name], ()))
        return self._segments.files(f"{_RR.name}.{name}", reader_of(ANONYMOUS), parts or [empty])
