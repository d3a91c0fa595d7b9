"""Simple Cone Search 1.03 on every table with positions.

A cone search runs as an ADQL query with the position and radius of the request, so it has the same access rule, index
on positions and limits as any query. SCS requires exactly one identifier of type text: a column of another type is cast
to text, and a table without an identifier gets its position as the identifier.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.auth.models import Identity
from core.cancellation import Cancellation
from core.columns import Column
from core.errors import InvalidValueError, NotFoundError, PhotozError
from core.settings import Settings
from core.sky.positions import HIGHEST_RA, LOWEST_RA
from core.votable import Info, TableDescription, votable_columns
from core.web.dali import DaliParameters
from tap.adql import Translation, translate
from tap.engine import EngineQuery, QueryEngine, ResultStream
from tap.identifiers import identifier
from tap.metadata.catalog import TableCatalog
from tap.metadata.data_origin import origin_of_answer
from tap.models import TapTable
from tap.queues.pending import PendingQuery
from tap.results import format_for
from tap.row_limits import RowLimit, row_limit
from tap.service import QueryAnswer

__all__ = ["Cone", "ConeSearch", "read_cone"]

_ID, _RA, _DEC = "meta.id;meta.main", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
_MAIN = ";meta.main"
_COMPUTED_ID = "position_id"


@dataclass(frozen=True, slots=True)
class Cone:
    """Parameters of a cone search (SCS 1.03 §2.1), with angles in degrees.

    Parameters
    ----------
    radius
        0 requests only the metadata of the table.
    verbosity
        1: identifier, position and redshift; 2: principal columns; 3: all columns.
    """

    ra: float
    dec: float
    radius: float
    verbosity: int
    maxrec: int | None


class ConeSearch:
    """Service that runs cone searches on the tables that an identity may read."""

    def __init__(self, settings: Settings, catalog: TableCatalog, engine: QueryEngine) -> None:
        self._settings = settings
        self._catalog = catalog
        self._engine = engine

    def table(self, name: str, identity: Identity) -> TapTable:
        """Return a table that has positions.

        Raises
        ------
        NotFoundError
            The identity may read no such table.
        """
        table = self._catalog.lookup(identity).get(name)
        if table is None or table.entry.position is None:
            raise NotFoundError(f"There is no table '{name}' with positions. See the tables at /tap/tables.")
        return table

    def search(
        self,
        table: TapTable,
        parameters: DaliParameters,
        identity: Identity,
        cancellation: Cancellation | None = None,
        *,
        owner: str = "",
    ) -> PendingQuery[QueryAnswer]:
        """Admit a search; the result is a VOTable in BINARY2 unless RESPONSEFORMAT is given.

        Parameters
        ----------
        owner
            Key of the caller, as `EngineQuery` has it.

        Raises
        ------
        InvalidValueError
            A parameter is missing or not valid.
        ServiceBusyError
            Too many queries are waiting.
        """
        cone = read_cone(parameters)
        requested = parameters.one("RESPONSEFORMAT")
        result_format = format_for(requested)
        limit = RowLimit(0) if cone.radius == 0 else row_limit(self._settings, result_format, cone.maxrec)
        chosen = _columns(table, cone.verbosity)
        tables = self._catalog.lookup(identity)
        translation = translate(_adql(table, cone, chosen), tables, row_limit=limit.rows + 1)
        admission = self._engine.admit(self._engine_query(translation, table, owner), cancellation)

        def answer(stream: ResultStream) -> QueryAnswer:
            columns = votable_columns(_result_columns(translation.columns, chosen, table), stream.schema)
            protocol = "ivo://ivoa.net/std/ConeSearch"
            infos = (
                Info("standardID", protocol),
                Info("TABLE", table.name),
                *origin_of_answer(self._settings, "conesearch", protocol),
                *table.origin,
            )
            description = TableDescription(columns, table.name, table.description, infos)
            batches = () if cone.radius == 0 else limit.checked(stream)
            try:
                chunks = result_format.write(description, batches, limit=limit.rows)
            except PhotozError:  # a format that collects its rows first
                stream.close()
                raise
            media_type = "text/xml" if requested is None else result_format.content_type
            return QueryAnswer(media_type, chunks, stream.close, {**result_format.headers, **limit.headers})

        return PendingQuery(admission, self._settings.query_seconds, answer)

    def _engine_query(self, translation: Translation, table: TapTable, owner: str) -> EngineQuery:
        settings = self._settings
        return EngineQuery(
            sql=translation.sql,
            tables=(table.read_by(translation.scans),),
            seconds=settings.query_seconds,
            memory_bytes=settings.query_memory_bytes,
            threads=settings.query_threads,
            temp_bytes=settings.query_temp_bytes,
            owner=owner,
        )


def read_cone(parameters: DaliParameters) -> Cone:
    """Parse RA, DEC, SR, VERB and MAXREC; other parameters are ignored.

    Raises
    ------
    InvalidValueError
        A parameter is missing, not a number, or out of range.
    """
    radius = _number(parameters, "SR", 0, math.inf)
    maxrec = None if parameters.one("MAXREC") is None else _whole(parameters, "MAXREC", 0, 0, None)
    return Cone(
        ra=_number(parameters, "RA", -360, 360) % 360,
        dec=_number(parameters, "DEC", -90, 90),
        radius=min(radius, 180.0),
        verbosity=_whole(parameters, "VERB", 2, 1, 3),
        maxrec=maxrec,
    )


def _number(parameters: DaliParameters, name: str, lowest: float, highest: float) -> float:
    text = parameters.one(name)
    if text is None:
        raise InvalidValueError(f"The parameter {name} is missing; specify it in decimal degrees.", field=name)
    try:
        value = float(text)
    except ValueError as e:
        raise InvalidValueError(f"{name}={text} is not a number; specify it in decimal degrees.", field=name) from e
    if not lowest <= value <= highest or math.isinf(value):
        bounds = f"from {lowest:g} to {highest:g}" if math.isfinite(highest) else f"of {lowest:g} or more"
        raise InvalidValueError(f"{name}={text} is out of range; specify a number {bounds} degrees.", field=name)
    return value


def _whole(parameters: DaliParameters, name: str, default: int, lowest: int, highest: int | None) -> int:
    text = parameters.one(name)
    if text is None:
        return default
    if not text.strip().isdecimal() or int(text) < lowest or (highest is not None and int(text) > highest):
        bounds = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"
        raise InvalidValueError(f"{name}={text} cannot be used; specify a whole number, {bounds}.", field=name)
    return int(text)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The columns of a result: the identifier (None when it is the position), and the others."""

    id: Column | None
    others: tuple[Column, ...]


def _columns(table: TapTable, verbosity: int) -> _Chosen:
    position = table.entry.position or ()
    candidates = [column for column in table.columns if column.name not in position]
    main = [column for column in candidates if (column.ucd or "").lower() == _ID]
    ids = main or [column for column in candidates if (column.ucd or "").lower().split(";")[0] == "meta.id"]
    found = next((column for column in ids if column.arraysize is None or column.is_text), None)

    def wanted(column: Column) -> bool:
        if column is found:
            return False
        redshift = (column.ucd or "").lower().split(";")[0] == "src.redshift"
        basic = column.name in position or redshift
        return verbosity == 3 or basic or (verbosity == 2 and column.name in table.principal)

    return _Chosen(found, tuple(column for column in table.columns if wanted(column)))


def _adql(table: TapTable, cone: Cone, chosen: _Chosen) -> str:
    """Return the ADQL query of a cone search."""
    ra, dec = (identifier(name) for name in table.entry.position or ())
    if chosen.id is None:
        first = f"CAST({ra} AS VARCHAR) || ' ' || CAST({dec} AS VARCHAR) AS {_free_name(table)}"
    elif chosen.id.is_text:
        first = identifier(chosen.id.name)
    else:
        first = f"CAST({identifier(chosen.id.name)} AS VARCHAR) AS {identifier(chosen.id.name)}"
    names = ", ".join([first, *(_selected(column, table) for column in chosen.others)])
    centre = f"POINT({cone.ra!r}, {cone.dec!r})"
    return "\n".join(
        (
            f"SELECT {names}",
            f"FROM {table.name}",
            f"WHERE DISTANCE(POINT({ra}, {dec}), {centre}) <= {cone.radius!r}",
            # Rows without a position are in no cone, also where the index on positions is of no use.
            f"AND {ra} BETWEEN {LOWEST_RA!r} AND {HIGHEST_RA!r} AND {dec} BETWEEN -90 AND 90",
        )
    )


def _selected(column: Column, table: TapTable) -> str:
    name = identifier(column.name)
    if column.name in (table.entry.position or ()) and column.datatype not in {"float", "double"}:
        return f"CAST({name} AS DOUBLE PRECISION) AS {name}"  # SCS requires positions as doubles
    return name


def _free_name(table: TapTable) -> str:
    taken = {column.name.lower() for column in table.columns}
    name = _COMPUTED_ID
    while name in taken:
        name += "_"
    return name


def _result_columns(columns: Sequence[Column], chosen: _Chosen, table: TapTable) -> list[Column]:
    """Return columns of which exactly one each has the UCDs that SCS 1.03 §2.2 requires."""
    ra, dec = table.entry.position or ("", "")
    roles = {ra: _RA, dec: _DEC}
    first = replace(columns[0], datatype="unicodeChar", arraysize="*", xtype=None, unit=None, ucd=_ID)
    if chosen.id is not None:
        datatype = chosen.id.datatype if chosen.id.is_text else "char"
        first = replace(first, datatype=datatype, description=chosen.id.description, utype=chosen.id.utype)
    else:
        first = replace(first, datatype="char", description="Position as an identifier")
    others = (replace(column, ucd=roles.get(column.name) or _without_role(column.ucd)) for column in columns[1:])
    return [first, *others]


def _without_role(ucd: str | None) -> str | None:
    if (ucd or "").lower() in {_ID, _RA, _DEC}:
        return (ucd or "")[: -len(_MAIN)]
    return ucd
