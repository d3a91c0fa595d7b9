"""The same rows as products, from uploaded Parquet, and as survey catalogues in place, for the same queries."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.auth.models import ANONYMOUS, Identity, Scope
from core.columns import Column, field_of_column
from core.files.kept import KeptFolder
from core.web.dali import DaliParameters
from products.inspection.meanings import Meanings
from products.models import Visibility
from products.readers import ReadLimits, open_table
from products.rows.derive import derive_rows
from products.rows.stored_columns import stored_names
from server.services import Services
from tap.adql import CatalogTable
from tap.engine import QueryEngine
from tap.metadata.catalog import TableBlock, TableCatalog
from tap.metadata.survey_catalogues.models import CatalogueValues
from tap.metadata.survey_catalogues.plans import CataloguePlans
from tap.metadata.survey_catalogues.tables import SurveyTables
from tap.models import TapSchema, TapTable
from tap.service import TapService
from tests.support.hats import write_hats

__all__ = ["Lane", "as_catalogue", "as_product", "frame_columns", "in_place", "lane"]

_ADMIN = Identity(user_id=0, name="operator", is_admin=True, scope=Scope.ADMIN)
_MOST_ROWS = 250


@dataclass(frozen=True)
class Lane:
    """Runner of queries on tables that are stored in one of the ways."""

    service: TapService

    def rows(self, query: str) -> list[tuple]:
        parameters = DaliParameters([("LANG", "ADQL"), ("QUERY", query)], {})
        opened = self.service.open(parameters, ANONYMOUS, seconds=600)
        with opened.stream as stream:
            return [_row(row) for batch in stream for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]


def _row(values: Sequence[object]) -> tuple:
    """Give a row with points as DuckDB gives them."""
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


class _Fixed:
    """`TableProvider` of some tables, which anybody may query."""

    def __init__(self, tables: Sequence[TapTable]) -> None:
        self._tables = {tuple(part.lower() for part in table.entry.parts): table for table in tables}

    def stamp(self) -> object:
        return 0

    def schemas(self, _identity: Identity) -> list[TapSchema]:
        return [TapSchema("cat", "", ())]

    def tables(self, _identity: Identity, _schema: str) -> list[TapTable]:
        return list(self._tables.values())

    def named(self, _identity: Identity, schema: str, name: str) -> list[TapTable]:
        found = self._tables.get((schema.lower(), name.lower()))
        return [] if found is None else [found]

    def blocks(self, _identity: Identity) -> list[TableBlock]:
        return []


def lane(services: Services, tables: Sequence[TapTable], engine: QueryEngine | None = None) -> Lane:
    """Give the runner of queries on some tables, by default on the engine of the services."""
    catalog = TableCatalog((_Fixed(tables),), services.tap.metadata_files)
    return Lane(TapService(services.settings, catalog, engine or services.tap.engine, services.tap.uploads))


def in_place(services: Services, table: TapTable) -> TapTable:
    """Give the table of a survey catalogue for an engine that reads its files where they are."""
    plans = CataloguePlans(
        KeptFolder(services.settings.catalogues_folder), services.tap.partition_copies, most_bytes=0, in_place=True
    )
    provider = SurveyTables(services.tap.catalogues, plans)
    (found,) = provider.named(ANONYMOUS, "hats", table.entry.engine_table)
    return replace(found, entry=replace(found.entry, name=table.name))


def as_product(name: str, rows: Mapping[Column, pa.Array], folder: Path) -> TapTable:
    """Give rows as a product has them that was uploaded as Parquet."""
    uploaded, stored = folder / f"{_plain(name)}.parquet", folder / f"{_plain(name)}.stored.parquet"
    pq.write_table(_described(rows), uploaded)
    position = ("ra", "dec") if {"ra", "dec"} <= {column.name for column in rows} else None
    limits = ReadLimits(max_columns=100, allow_empty=True)
    with closing(open_table(uploaded, uploaded.name, limits=limits)) as reader:
        meanings = Meanings(*position) if position else Meanings()
        derive_rows(reader, stored, meanings=meanings, progress=lambda *_: None, scratch=folder)
    entry = CatalogTable(
        name, tuple(rows), position, position is not None, "products", _plain(name), stored_names(len(rows))
    )
    return TapTable("cat", entry, "", frozenset(), files=(stored,))


def as_catalogue(
    services: Services, name: str, rows: Mapping[Column, pa.Array], folder: Path, *, cells: bool = True
) -> TapTable:
    """Give rows as a survey catalogue that is registered, under the same name in queries as the product."""
    table, plain = _described(rows), f"{_plain(name)}{int(cells)}"
    if {"ra", "dec"} <= set(table.column_names):
        write_hats(table, folder / plain, most_rows=_MOST_ROWS, index=cells, metadata=cells)
    else:
        (folder / plain).mkdir()
        for part, start in enumerate(range(0, table.num_rows, 2)):
            pq.write_table(table.slice(start, 2), folder / plain / f"part{part}.parquet")
    services.tap.catalogues.add(_ADMIN, plain, str(folder / plain), CatalogueValues(visibility=Visibility.PUBLIC))
    found = services.tap.catalog.lookup(ANONYMOUS).get(f"hats.{plain}")
    assert found is not None
    return replace(found, entry=replace(found.entry, name=name))


def frame_columns(frame: pd.DataFrame) -> dict[Column, pa.Array]:
    """Give the columns of a frame, NaN being missing."""
    kinds = {"i8": "long", "i4": "int", "f8": "double"}
    made: dict[Column, pa.Array] = {}
    for name in frame.columns:
        values = frame[name].to_numpy()
        kind = kinds.get(values.dtype.str[1:])
        unit = "deg" if name in {"ra", "dec"} else None
        column = Column(name, "unicodeChar", "*") if kind is None else Column(name, kind, unit=unit)
        made[column] = pa.array(values, from_pandas=True)
    return made


def _described(rows: Mapping[Column, pa.Array]) -> pa.Table:
    fields = [field_of_column(column, values.type) for column, values in rows.items()]
    return pa.table(list(rows.values()), pa.schema(fields))


def _plain(name: str) -> str:
    return name.partition(".")[2].strip('"').lower().replace(" ", "_")
