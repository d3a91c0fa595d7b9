"""Tables that come with a query (TAP 1.1 §2.7.6): inline in its form, or by the address of a VOTable.

For the query they stand in the schema TAP_UPLOAD. Nobody else ever sees them: they are in no catalogue, the engine
reads them for this one query, and their bytes go when it has run.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from core.auth.models import Identity
from core.columns import column_of_field
from core.errors import InvalidValueError, UnreadableFileError
from core.files import FileStore, Staging
from core.web.dali import DaliParameters
from products.readers.votable.reader import VotableReader
from tap.adql import Catalog, CatalogTable
from tap.engine import EngineTable, UploadedVOTable, upload_limits
from tap.identifiers import RESERVED_WORDS
from tap.uploads.budget import UploadBudget

__all__ = ["SCHEMA", "QueryUploads", "TableSource", "UploadRequest", "UploadedTable", "Uploads", "parse_uploads"]

#: The schema in which a query finds what came with it.
SCHEMA = "TAP_UPLOAD"

_INLINE = "param:"
_MOST_TABLES = 20
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


class TableSource(Protocol):
    """Something that fetches a table by its address."""

    def fetch(self, uri: str, identity: Identity, staging: Staging) -> None:
        """Write the bytes at an address into a staging; a `core.errors.PhotozError` says why that cannot be."""


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """One table that a query brings: what it is to be called, and where its bytes are."""

    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """A table that came with a query, as the translator sees it and as the engine reads it."""

    entry: CatalogTable
    engine_table: EngineTable


@dataclass(frozen=True, slots=True)
class QueryUploads:
    """The tables of one query, by full names."""

    tables: Mapping[str, UploadedTable]

    def catalog(self, base: Catalog) -> Catalog:
        """Return a catalogue that has these tables beside others."""
        return Catalog((table.entry for table in self.tables.values()), base) if self.tables else base


class Uploads:
    """Find and check the tables that come with queries.

    Parameters
    ----------
    store
        Where their bytes are until the query has run.
    source
        What fetches those that come by address.
    max_bytes, max_columns
        Most bytes of all tables of a query together, and most columns of each.
    """

    def __init__(self, store: FileStore, source: TableSource, *, max_bytes: int, max_columns: int) -> None:
        self._store = store
        self._source = source
        self._max_bytes = max_bytes
        self._max_columns = max_columns

    def stager(self) -> Callable[[], Staging]:
        """Return what begins each of the tables that come inline with one request, and counts them together."""
        return UploadBudget(self._store, self._max_bytes).stage

    def remove(self, ids: Iterable[str]) -> None:
        """Remove tables that came inline."""
        for stored_id in ids:
            self._store.delete(stored_id)

    @contextmanager
    def opened(self, parameters: DaliParameters, identity: Identity) -> Iterator[QueryUploads]:
        """Return the tables that a query asks for; those that were fetched for it are removed afterwards.

        Raises
        ------
        InvalidValueError
            A name or an address cannot be used, or what is there is no VOTable.
        """
        fetched: list[str] = []
        stage = self.stager()
        try:
            tables: dict[str, UploadedTable] = {}
            for asked in parse_uploads(parameters):
                stored_id = self._inline(parameters, asked, stage, fetched) or self._fetched(
                    asked, identity, stage, fetched
                )
                table = self._table(asked.name, stored_id)
                tables[table.entry.name] = table
            yield QueryUploads(tables)
        finally:
            self.remove(fetched)

    def _inline(
        self, parameters: DaliParameters, asked: UploadRequest, stage: Callable[[], Staging], made: list[str]
    ) -> str | None:
        if not asked.uri.lower().startswith(_INLINE):
            return None
        field = asked.uri[len(_INLINE) :].strip()
        if field in parameters.files:
            return parameters.files[field]
        text = parameters.one(field)  # a form may bring a small table as plain text
        if text is None:
            raise InvalidValueError(
                f"UPLOAD={asked.name},{asked.uri} names the part '{field}' of the form, which did not come. "
                "Send the table as a part of that name in a multipart/form-data request.",
                field="UPLOAD",
            )
        with stage() as staging:
            staging.write(text.encode())
            made.append(staging.finish().id)
        return made[-1]

    def _fetched(self, asked: UploadRequest, identity: Identity, stage: Callable[[], Staging], made: list[str]) -> str:
        with stage() as staging:
            self._source.fetch(asked.uri, identity, staging)
            made.append(staging.finish().id)
        return made[-1]

    def _table(self, name: str, stored_id: str) -> UploadedTable:
        full_name, path = f"{SCHEMA}.{name}", self._store.local_path(stored_id)
        try:
            with VotableReader(path, full_name, upload_limits(self._max_columns)) as reader:
                columns = tuple(column_of_field(field) for field in reader.schema)
        except UnreadableFileError as e:
            raise InvalidValueError(e.message, field="UPLOAD") from e
        engine_columns = tuple(f"c{number}" for number in range(len(columns)))
        entry = CatalogTable(
            name=full_name,
            columns=columns,
            position=None,
            sorted_by_healpix=False,
            engine_schema=SCHEMA.lower(),
            engine_table=name.lower(),
            engine_columns=engine_columns,
        )
        arriving = UploadedVOTable(path, engine_columns, full_name)
        return UploadedTable(entry, EngineTable(entry.engine_schema, entry.engine_table, upload=arriving))


def parse_uploads(parameters: DaliParameters) -> tuple[UploadRequest, ...]:
    """Read UPLOAD, which may be repeated and may name several tables each time, separated by semicolons.

    Raises
    ------
    InvalidValueError
        One is not of the form ``name,uri``, its name is none, or two tables have one name.
    """
    written = [part.strip() for value in parameters.all("UPLOAD") for part in value.split(";") if part.strip()]
    if len(written) > _MOST_TABLES:
        raise InvalidValueError(
            f"UPLOAD names {len(written)} tables; a query takes {_MOST_TABLES} at most.", field="UPLOAD"
        )
    uploads = tuple(_asked(part) for part in dict.fromkeys(written))
    names = [upload.name.lower() for upload in uploads]
    if twice := next((upload.name for upload in uploads if names.count(upload.name.lower()) > 1), None):
        raise InvalidValueError(f"UPLOAD gives the name '{twice}' to two tables; give each its own.", field="UPLOAD")
    return uploads


def _asked(written: str) -> UploadRequest:
    name, comma, uri = (part.strip() for part in written.partition(","))
    if not comma or not uri:
        raise InvalidValueError(
            f"UPLOAD={written[:200]} is not of the form name,uri: a table name, a comma, and either param: with the "
            "name of a part of the form, or an address.",
            field="UPLOAD",
        )
    if not _NAME.fullmatch(name) or name.upper() in RESERVED_WORDS:
        raise InvalidValueError(
            f"'{name[:100]}' cannot be the name of an uploaded table: it takes letters, digits and underscores, begins "
            "with a letter, and must not be a reserved word of ADQL.",
            field="UPLOAD",
        )
    return UploadRequest(name, uri)
