"""TAP queries: parse the parameters, translate, run, and write the result in the requested format (TAP 1.1 §2.7)."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import TypeVar

import pyarrow as pa

from core.auth.models import Identity
from core.cancellation import Cancellation
from core.errors import InvalidValueError, PermissionDeniedError, PhotozError
from core.files import Staging
from core.settings import Settings
from core.telemetry.traces import span
from core.votable import Info, TableDescription, votable_columns
from core.web.dali import DaliParameters
from tap.adql import CatalogTable, Scan, Translation, check_named_tables, translate
from tap.datalink import links_of_products
from tap.engine import EngineQuery, EngineTable, QueryEngine, ResultStream
from tap.long_queries import LongQueries
from tap.metadata.catalog import TableCatalog, TableLookup, TableSet
from tap.metadata.data_origin import origin_of_answer
from tap.models import TapTable
from tap.query_cost import QueryCost, cost_of
from tap.queues.pending import PendingQuery
from tap.results import ResultFormat, format_for, result_name
from tap.row_limits import RowLimit, row_limit
from tap.uploads.tap_upload import UploadedTable, Uploads

__all__ = ["LANGUAGES", "OpenQuery", "QueryAnswer", "TapService"]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

#: The values of LANG that mean ADQL (TAP 1.1 §2.7.1), in any case.
LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")

_MAX_RUNID = 64
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A streamed result.

    Parameters
    ----------
    close
        Stops the query; to be called when the result was sent or its client disconnected.
    headers
        HTTP headers of the response in addition to Content-Type.
    """

    media_type: str
    chunks: Iterator[bytes]
    close: Callable[[], None]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A running query, with the format of its result.

    Parameters
    ----------
    tables
        Full names of the tables that it reads, except for uploaded ones.
    cost
        What it was expected to cost.
    """

    description: TableDescription
    stream: ResultStream
    result_format: ResultFormat
    limit: RowLimit
    tables: tuple[str, ...]
    cost: QueryCost

    def write(self, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
        """Write the rows of the stream, given directly or through a wrapper.

        A result that must be whole and is not ends in a TooLargeError: the transfer breaks off, or the job fails.
        """
        return self.result_format.write(self.description, self.limit.checked(batches), limit=self.limit.rows)


@dataclass(frozen=True, slots=True)
class _Request:
    query: str
    limit: RowLimit
    result_format: ResultFormat
    run_id: str | None


class TapService:
    """Service that runs ADQL queries on the tables that an identity may read."""

    def __init__(self, settings: Settings, catalog: TableCatalog, engine: QueryEngine, uploads: Uploads) -> None:
        self._settings = settings
        self.catalog = catalog
        self._engine = engine
        self._uploads = uploads
        self._long_queries = LongQueries()

    def stager(self) -> Callable[[], Staging]:
        """Return the factory of stagings for the tables that are uploaded inline with one request."""
        return self._uploads.stager()

    def tables_of(self, identity: Identity) -> TableSet:
        """Return all tables that the identity may query."""
        return self.catalog.tables_of(identity)

    def check_tables(self, query: str, identity: Identity) -> None:
        """Raise UnknownTableError if a query names a table that the identity may not read."""
        with self._long_queries.translating(query):
            check_named_tables(query, self.catalog.lookup(identity))

    def check(self, query: str, identity: Identity) -> None:
        """Raise QueryError if a query is not valid, or names what the identity may not read; nothing is run."""
        with self._long_queries.translating(query):
            translate(query, self.catalog.lookup(identity), row_limit=1)

    def require_tables(self, names: Iterable[str], identity: Identity) -> None:
        """Raise PermissionDeniedError if a stored result came from a table that the identity may not read any more."""
        tables = self.catalog.lookup(identity)
        if closed := [name for name in names if tables.get(name) is None]:
            message = f"This result has rows of {', '.join(closed)}, which no longer exists or which you may not read."
            raise PermissionDeniedError(message)

    def query(
        self,
        parameters: DaliParameters,
        identity: Identity,
        cancellation: Cancellation | None = None,
        *,
        owner: str = "",
    ) -> PendingQuery[QueryAnswer]:
        """Admit a synchronous query, and remove its uploads when it has its first rows; raises the errors of `open`."""
        remove = partial(self._uploads.remove, tuple(parameters.files.values()))
        seconds = self._settings.query_seconds
        return self._admit(parameters, identity, seconds, cancellation, owner, self._answer, remove)

    def read(
        self,
        parameters: DaliParameters,
        identity: Identity,
        finish: Callable[[OpenQuery], _Result],
        cancellation: Cancellation | None = None,
        *,
        owner: str = "",
    ) -> PendingQuery[_Result]:
        """Admit a synchronous query whose rows a function reads; raises the errors of `open`.

        Parameters
        ----------
        finish
            Makes the result of the query of its rows, and closes their stream.
        """
        return self._admit(parameters, identity, self._settings.query_seconds, cancellation, owner, finish)

    def open(
        self,
        parameters: DaliParameters,
        identity: Identity,
        *,
        seconds: float,
        cancellation: Cancellation | None = None,
        owner: str = "",
    ) -> OpenQuery:
        """Start a query with a time limit in seconds; the caller closes its stream.

        Parameters
        ----------
        cancellation
            Token that is cancelled when the client disconnects.
        owner
            Key of the caller, as `EngineQuery` has it.

        Raises
        ------
        InvalidValueError
            A parameter is missing or not valid, or so is the query (a ``tap.adql.QueryError`` with line and column).
        ServiceBusyError
            Too many queries are waiting.
        """
        return self._admit(parameters, identity, seconds, cancellation, owner, lambda opened: opened).wait()

    def _admit(
        self,
        parameters: DaliParameters,
        identity: Identity,
        seconds: float,
        cancellation: Cancellation | None,
        owner: str,
        finish: Callable[[OpenQuery], _Result],
        *release: Callable[[], object],
    ) -> PendingQuery[_Result]:
        with ExitStack() as until_rows:
            for function in release:
                until_rows.callback(function)
            request = self._request(parameters)
            tables = self.catalog.lookup(identity)
            uploads = until_rows.enter_context(self._uploads.opened(parameters, identity))
            started = monotonic()
            catalog = uploads.catalog(tables)
            with span("query translation"), self._long_queries.translating(request.query):
                translation = translate(request.query, catalog, row_limit=request.limit.rows + 1)
            read = _ReadTables(tables, uploads.tables)
            query = self._engine_query(translation, read, seconds, owner, cancellation)
            cost = cost_of(translation.scans, {(table.schema, table.name): table for table in query.tables})
            admission = self._engine.admit(replace(query, is_long=cost.is_long), cancellation)
            # The engine has read the uploads when it returns the first rows.
            kept = until_rows.pop_all()
        _log.info(
            "query admitted",
            extra={
                "user": identity.name,
                "run_id": request.run_id,
                "seconds": round(monotonic() - started, 3),
                "bytes": cost.bytes,
                "lane": "long" if cost.is_long else "short",
            },
        )
        sources = tuple(tables.found[entry.name] for entry in translation.tables if entry.name in tables.found)
        return PendingQuery(
            admission,
            seconds,
            lambda stream: finish(self._opened(request, translation, sources, cost, stream)),
            kept.close,
        )

    def _opened(
        self,
        request: _Request,
        translation: Translation,
        tables: tuple[TapTable, ...],
        cost: QueryCost,
        stream: ResultStream,
    ) -> OpenQuery:
        columns = votable_columns(translation.columns, stream.schema)
        description = TableDescription(
            columns=columns,
            services=links_of_products(columns, self._settings.public_url),
            infos=(
                Info("QUERY", request.query),
                Info("QUERY_LANGUAGE", "ADQL-2.1"),
                *origin_of_answer(self._settings, "tap", "ivo://ivoa.net/std/TAP"),
                *(info for table in tables for info in table.origin),
            ),
        )
        names = tuple(table.name for table in tables)
        return OpenQuery(description, stream, request.result_format, request.limit, names, cost)

    @staticmethod
    def _answer(opened: OpenQuery) -> QueryAnswer:
        chosen = opened.result_format
        try:
            chunks = opened.write(opened.stream)
        except PhotozError:  # a format that collects its rows first
            opened.stream.close()
            raise
        headers = {"Content-Disposition": f'inline; filename="{result_name(opened.tables, chosen.extension)}"'} | dict(
            chosen.headers
        )
        headers |= {**opened.limit.headers, **opened.cost.headers}
        return QueryAnswer(chosen.content_type, chunks, opened.stream.close, headers)

    def _request(self, parameters: DaliParameters) -> _Request:
        language = parameters.one("LANG")
        if language is not None and language.upper() not in LANGUAGES:
            message = f"LANG={language} is not available; use one of {', '.join(LANGUAGES)}."
            raise InvalidValueError(message, field="LANG")
        query = parameters.one("QUERY")
        if query is None:
            message = "The parameter QUERY is missing: send the ADQL text."
            raise InvalidValueError(message, field="QUERY")
        run_id = parameters.one("RUNID")
        chosen = parameters.one("RESPONSEFORMAT") or parameters.one("FORMAT")
        result_format = format_for(chosen)
        limit = row_limit(self._settings, result_format, self._maxrec(parameters))
        return _Request(query, limit, result_format, run_id and run_id[:_MAX_RUNID])

    @staticmethod
    def _maxrec(parameters: DaliParameters) -> int | None:
        text = parameters.one("MAXREC")
        if text is None:
            return None
        if not text.strip().isdecimal():
            message = f"MAXREC={text[:40]} is not a whole number of rows."
            raise InvalidValueError(message, field="MAXREC")
        # Python refuses to convert very long strings of digits.
        return int(text.strip()[:_MAX_DIGITS])

    def _engine_query(
        self,
        translation: Translation,
        read: "_ReadTables",
        seconds: float,
        owner: str,
        cancellation: Cancellation | None,
    ) -> EngineQuery:
        settings = self._settings
        query = EngineQuery(
            sql=translation.sql,
            tables=(),
            seconds=seconds,
            memory_bytes=settings.query_memory_bytes,
            threads=settings.query_threads,
            temp_bytes=settings.query_temp_bytes,
            owner=owner,
        )
        scans = translation.scans
        if translation.near and any(read.is_planned(entry) for entry in translation.tables):
            # Imported for joins with survey catalogues alone.
            from tap.metadata.survey_catalogues.join_regions import JoinRegions

            def run(sql: str, table: EngineTable) -> ResultStream:
                return self._engine.open(replace(query, sql=sql, tables=(table,)), cancellation)

            scans = JoinRegions(read.described, read.engine_table, run).restricted(translation)
        return replace(query, tables=tuple(read.engine_table(entry, scans) for entry in translation.tables))


@dataclass(frozen=True, slots=True)
class _ReadTables:
    """The tables that a query reads: those of the catalogue, and uploaded ones."""

    tables: TableLookup
    uploads: Mapping[str, UploadedTable]

    def described(self, entry: CatalogTable) -> TapTable | None:
        return None if entry.name in self.uploads else self.tables.found[entry.name]

    def is_planned(self, entry: CatalogTable) -> bool:
        described = self.described(entry)
        return described is not None and described.planned is not None

    def engine_table(self, entry: CatalogTable, scans: Sequence[Scan]) -> EngineTable:
        described = self.described(entry)
        return self.uploads[entry.name].engine_table if described is None else described.read_by(scans)
