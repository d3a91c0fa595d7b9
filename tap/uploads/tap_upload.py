"""Tables uploaded with a query (TAP 1.1 §2.7.6), inline or by URI: VOTables, and other tables by their first bytes.

For the query they are in the schema TAP_UPLOAD. They are in no other catalogue, the engine reads them for this query
only, and their files are removed when it has run.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.auth.models import Identity
from core.columns import column_of_field
from core.errors import InvalidValueError, UnreadableFileError
from core.files import FileStore, Staging
from core.web.dali import DaliParameters
from products.readers.formats import CSV, ECSV, FILE_FORMATS, FITS, PARQUET, VOTABLE
from products.readers.recognition import HEAD_BYTES, kind_of_bytes
from products.rows.stored_columns import stored_names
from tap.adql import Catalog, CatalogTable, TableResolver
from tap.engine import EngineTable, UploadedFile, upload_limits
from tap.identifiers import RESERVED_WORDS
from tap.uploads.budget import UploadBudget

__all__ = [
    "SCHEMA",
    "QueryUploads",
    "TableSource",
    "UploadRequest",
    "UploadedTable",
    "Uploads",
    "parse_uploads",
    "table_of_file",
]

#: The schema of uploaded tables.
SCHEMA = "TAP_UPLOAD"

_INLINE = "param:"
_FORMATS = (VOTABLE.name, CSV.name, ECSV.name, FITS.name, PARQUET.name)
_MAX_TABLES = 20
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


class TableSource(Protocol):
    """Source of tables that are given by URI."""

    def fetch(self, uri: str, identity: Identity, staging: Staging) -> None:
        """Write the content of a URI into a staging; raise PhotozError if it cannot be fetched."""


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """One entry of UPLOAD: the name of a table and its URI."""

    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """An uploaded table, as an entry of the catalogue and as a table of the engine."""

    entry: CatalogTable
    engine_table: EngineTable


@dataclass(frozen=True, slots=True)
class QueryUploads:
    """The uploaded tables of one query, by full name."""

    tables: Mapping[str, UploadedTable]

    def catalog(self, base: TableResolver) -> TableResolver:
        """Return a catalogue with these tables in addition to others."""
        return Catalog((table.entry for table in self.tables.values()), base) if self.tables else base


class Uploads:
    """Service that stores and checks the tables uploaded with queries.

    Parameters
    ----------
    store
        Store of the files until the query has run.
    source
        Source of tables that are given by URI.
    max_bytes, max_columns
        Limits of the total size of the tables of a query, and of the columns of each table.
    """

    def __init__(self, store: FileStore, source: TableSource, *, max_bytes: int, max_columns: int) -> None:
        self._store = store
        self._source = source
        self._max_bytes = max_bytes
        self._max_columns = max_columns

    def stager(self) -> Callable[[], Staging]:
        """Return the factory of stagings for the inline uploads of one request, with a common size limit."""
        return UploadBudget(self._store, self._max_bytes).stage

    def remove(self, ids: Iterable[str]) -> None:
        """Remove inline uploads."""
        for stored_id in ids:
            self._store.delete(stored_id)

    @contextmanager
    def opened(self, parameters: DaliParameters, identity: Identity) -> Iterator[QueryUploads]:
        """Yield the uploaded tables of a query; those that were fetched are removed afterwards.

        Raises
        ------
        InvalidValueError
            A name or a URI is not valid, or its content is not a table.
        """
        stored_ids: list[str] = []
        stage = self.stager()
        try:
            tables: dict[str, UploadedTable] = {}
            for request in parse_uploads(parameters):
                stored_id = self._inline(parameters, request, stage, stored_ids) or self._fetched(
                    request, identity, stage, stored_ids
                )
                path = self._store.local_path(stored_id)
                table = table_of_file(path, SCHEMA, request.name, self._max_columns)
                tables[table.entry.name] = table
            yield QueryUploads(tables)
        finally:
            self.remove(stored_ids)

    def _inline(
        self, parameters: DaliParameters, request: UploadRequest, stage: Callable[[], Staging], stored_ids: list[str]
    ) -> str | None:
        if not request.uri.lower().startswith(_INLINE):
            return None
        field = request.uri[len(_INLINE) :].strip()
        if field in parameters.files:
            return parameters.files[field]
        text = parameters.one(field)  # a form may contain a small table as plain text
        if text is None:
            raise InvalidValueError(
                f"UPLOAD={request.name},{request.uri} names the part '{field}' of the form, which is missing. "
                "Send the table as a part of that name in a multipart/form-data request.",
                field="UPLOAD",
            )
        with stage() as staging:
            staging.write(text.encode())
            stored_ids.append(staging.finish().id)
        return stored_ids[-1]

    def _fetched(
        self, request: UploadRequest, identity: Identity, stage: Callable[[], Staging], stored_ids: list[str]
    ) -> str:
        with stage() as staging:
            self._source.fetch(request.uri, identity, staging)
            stored_ids.append(staging.finish().id)
        return stored_ids[-1]


def table_of_file(path: Path, schema: str, name: str, max_columns: int) -> UploadedTable:
    """Return a file as a table of a catalogue, read by the engine in each query.

    Raises
    ------
    InvalidValueError
        It is no table, or in a format that no query reads.
    """
    full_name = f"{schema}.{name}"
    kind = _format_of(path, full_name)
    limits = upload_limits(max_columns, allow_empty=kind != CSV.name)
    try:
        with FILE_FORMATS[kind].open(path, full_name, limits) as reader:
            columns = tuple(column_of_field(field) for field in reader.schema)
    except UnreadableFileError as e:
        raise InvalidValueError(e.message, field="UPLOAD") from e
    engine_columns = stored_names(len(columns))
    entry = CatalogTable(
        name=full_name,
        columns=columns,
        position=None,
        sorted_by_healpix=False,
        engine_schema=schema.lower(),
        engine_table=name.lower(),
        engine_columns=engine_columns,
    )
    upload = UploadedFile(path, kind, engine_columns, full_name)
    return UploadedTable(entry, EngineTable(entry.engine_schema, entry.engine_table, upload=upload))


def _format_of(path: Path, label: str) -> str:
    """Return the name of the format of an uploaded table, by its first bytes.

    Raises
    ------
    InvalidValueError
        It is of no format that can be uploaded with a query.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    start = head.removeprefix(BOM_UTF8).lstrip()[:1]
    if start in {b"", b"<"}:  # the reader of VOTables knows what is missing
        return VOTABLE.name
    kind = kind_of_bytes(head)
    if kind in _FORMATS:
        return kind
    formats = ", ".join(_FORMATS[:-1])
    raise InvalidValueError(
        f"{label} is no table that a query may come with: it starts like {kind}. Send {formats} or {_FORMATS[-1]}.",
        field="UPLOAD",
    )


def parse_uploads(parameters: DaliParameters) -> tuple[UploadRequest, ...]:
    """Parse UPLOAD, which may be repeated and may name several tables separated by semicolons.

    Raises
    ------
    InvalidValueError
        An entry is not of the form ``name,uri``, a name is not valid, or two tables have the same name.
    """
    written = [part.strip() for value in parameters.all("UPLOAD") for part in value.split(";") if part.strip()]
    if len(written) > _MAX_TABLES:
        raise InvalidValueError(
            f"UPLOAD names {len(written)} tables; at most {_MAX_TABLES} are allowed.", field="UPLOAD"
        )
    uploads = tuple(_parse(part) for part in dict.fromkeys(written))
    names = [upload.name.lower() for upload in uploads]
    if twice := next((upload.name for upload in uploads if names.count(upload.name.lower()) > 1), None):
        raise InvalidValueError(f"UPLOAD gives the name '{twice}' to two tables; use different names.", field="UPLOAD")
    return uploads


def _parse(written: str) -> UploadRequest:
    name, comma, uri = (part.strip() for part in written.partition(","))
    if not comma or not uri:
        raise InvalidValueError(
            f"UPLOAD={written[:200]} is not of the form name,uri: a table name, a comma, and either param: with the "
            "name of a part of the form, or a URI.",
            field="UPLOAD",
        )
    if not _NAME.fullmatch(name) or name.upper() in RESERVED_WORDS:
        raise InvalidValueError(
            f"'{name[:100]}' cannot be the name of an uploaded table: a name has only letters, digits and underscores, "
            "begins with a letter, and is not a reserved word of ADQL.",
            field="UPLOAD",
        )
    return UploadRequest(name, uri)
