"""What TAP does with a query: read its parameters, translate, run, and give the result in the format asked for."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic

import pyarrow as pa

from core.auth.models import Identity
from core.cancellation import Cancellation
from core.errors import InvalidValueError, PhotozError
from core.files import Staging
from core.settings import Settings
from core.votable import Info, TableDescription, votable_columns
from core.web.dali import DaliParameters
from tap.adql import Translation, translate
from tap.datalink import links_of_products
from tap.engine import EngineQuery, QueryEngine, ResultStream
from tap.metadata.catalog import TableCatalog, TableSet
from tap.results import ResultFormat, format_for
from tap.uploads.tap_upload import UploadedTable, Uploads

__all__ = ["LANGUAGES", "OpenQuery", "QueryAnswer", "TapService"]

_log = logging.getLogger(__name__)

#: The values of LANG that mean ADQL (TAP 1.1 §2.7.1); any case will do.
LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")

_LONGEST_RUNID = 64
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A result on its way.

    Parameters
    ----------
    close
        Stops the query; to be called when the result was sent, or when nobody wants it any more.
    headers
        What the answer must carry besides its type.
    """

    media_type: str
    chunks: Iterator[bytes]
    close: Callable[[], None]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that runs, and how its result is to be written.

    Parameters
    ----------
    tables
        Full names of the tables that it reads, but for those that came with it.
    """

    description: TableDescription
    stream: ResultStream
    result_format: ResultFormat
    maxrec: int
    tables: tuple[str, ...]

    def write(self, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
        """Write the rows of the stream, as they are or as somebody passes them on."""
        return self.result_format.write(self.description, batches, limit=self.maxrec)


@dataclass(frozen=True, slots=True)
class _Request:
    query: str
    maxrec: int
    result_format: ResultFormat
    run_id: str | None


class TapService:
    """Run ADQL queries on what their author may read."""

    def __init__(self, settings: Settings, catalog: TableCatalog, engine: QueryEngine, uploads: Uploads) -> None:
        self._settings = settings
        self._catalog = catalog
        self._engine = engine
        self._uploads = uploads

    def stager(self) -> Callable[[], Staging]:
        """Return what begins each of the tables that come inline with one request."""
        return self._uploads.stager()

    def tables_of(self, identity: Identity) -> TableSet:
        """Return the tables that the identity may query."""
        return self._catalog.tables_of(identity)

    def query(
        self, parameters: DaliParameters, identity: Identity, cancellation: Cancellation | None = None
    ) -> QueryAnswer:
        """Run a synchronous query, up to its first rows, and remove what came with it; raises what `open` does."""
        try:
            opened = self.open(parameters, identity, seconds=self._settings.query_seconds, cancellation=cancellation)
        finally:
            self._uploads.remove(parameters.files.values())
        chosen = opened.result_format
        try:
            chunks = opened.write(opened.stream)
        except PhotozError:  # a format that collects its rows first
            opened.stream.close()
            raise
        return QueryAnswer(chosen.content_type, chunks, opened.stream.close, chosen.headers)

    def open(
        self,
        parameters: DaliParameters,
        identity: Identity,
        *,
        seconds: float,
        cancellation: Cancellation | None = None,
    ) -> OpenQuery:
        """Start a query that may take so many seconds; whoever calls this closes its stream.

        Parameters
        ----------
        cancellation
            Tells when nobody waits for the rows any more.

        Raises
        ------
        InvalidValueError
            A parameter is missing or wrong, or the query is (then a ``tap.adql.QueryError`` with line and column).
        ServiceBusyError
            Too many queries wait already.
        """
        request = self._request(parameters)
        tables = self._catalog.tables_of(identity)
        with self._uploads.opened(parameters, identity) as uploads:
            started = monotonic()
            catalog = uploads.catalog(tables.catalog)
            translation = translate(request.query, catalog, row_limit=request.maxrec + 1)
            # The engine has read what was uploaded when it gives its first rows.
            stream = self._engine.open(self._engine_query(translation, tables, uploads.tables, seconds), cancellation)
        _log.info(
            "query started",
            extra={"user": identity.name, "run_id": request.run_id, "seconds": round(monotonic() - started, 3)},
        )
        columns = votable_columns(translation.columns, stream.schema)
        description = TableDescription(
            columns=columns,
            services=links_of_products(columns, self._settings.public_url),
            infos=(Info("QUERY", request.query), Info("QUERY_LANGUAGE", "ADQL-2.1")),
        )
        names = tuple(entry.name for entry in translation.tables if entry.name in tables.tables)
        return OpenQuery(description, stream, request.result_format, request.maxrec, names)

    def _request(self, parameters: DaliParameters) -> _Request:
        language = parameters.one("LANG")
        if language is not None and language.upper() not in LANGUAGES:
            message = f"LANG={language} is not offered here; use one of {', '.join(LANGUAGES)}."
            raise InvalidValueError(message, field="LANG")
        query = parameters.one("QUERY")
        if query is None:
            message = "The parameter QUERY is missing: send the ADQL text."
            raise InvalidValueError(message, field="QUERY")
        run_id = parameters.one("RUNID")
        chosen = parameters.one("RESPONSEFORMAT") or parameters.one("FORMAT")
        return _Request(query, self._maxrec(parameters), format_for(chosen), run_id and run_id[:_LONGEST_RUNID])

    def _maxrec(self, parameters: DaliParameters) -> int:
        text = parameters.one("MAXREC")
        if text is None:
            return self._settings.maxrec_default
        if not text.strip().isdecimal():
            message = f"MAXREC={text[:40]} is not a whole number of rows."
            raise InvalidValueError(message, field="MAXREC")
        # Digits beyond these would not fit what Python reads at once.
        return min(int(text.strip()[:_MOST_DIGITS]), self._settings.maxrec_limit)

    def _engine_query(
        self, translation: Translation, tables: TableSet, uploads: Mapping[str, UploadedTable], seconds: float
    ) -> EngineQuery:
        settings = self._settings
        return EngineQuery(
            sql=translation.sql,
            tables=tuple(
                uploads[entry.name].engine_table if entry.name in uploads else tables.tables[entry.name].engine_table
                for entry in translation.tables
            ),
            seconds=seconds,
            memory_bytes=settings.query_memory_bytes,
            threads=settings.query_threads,
            temp_bytes=settings.query_temp_bytes,
        )
