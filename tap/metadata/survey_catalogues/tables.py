"""Table provider of survey catalogues: each query reads the partitions that it needs."""

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from threading import Lock

from core.auth.models import Identity
from products.rows.stored_columns import stored_names
from tap.adql import CatalogTable
from tap.metadata.catalog import TableBlock
from tap.metadata.survey_catalogues.models import SCHEMA, SurveyCatalogue
from tap.metadata.survey_catalogues.plans import CataloguePlans, FileLayout
from tap.metadata.survey_catalogues.service import SurveyCatalogues
from tap.models import TapSchema, TapTable

__all__ = ["SurveyTables"]

_SCHEMA = TapSchema(SCHEMA, "Survey catalogues in HATS, queried where they are", ())
_LONGEST_DESCRIPTION = 1000
_KEPT = 100


class SurveyTables:
    """`TableProvider` of the survey catalogues that an identity may read."""

    def __init__(self, catalogues: SurveyCatalogues, plans: CataloguePlans) -> None:
        self._catalogues = catalogues
        self._plans = plans
        # A query looks its table up by name; to describe a thousand columns anew takes longer than a cone.
        self._described: OrderedDict[tuple[int, int], TapTable] = OrderedDict()
        self._lock = Lock()

    def stamp(self) -> object:
        """Return a value that changes whenever a catalogue is added, changed, refreshed or removed."""
        return self._catalogues.stamp()

    def schemas(self, identity: Identity) -> list[TapSchema]:
        """Return ``hats``, when the identity may read a catalogue."""
        return [_SCHEMA] if self._catalogues.has_any(identity) else []

    def tables(self, identity: Identity, schema: str) -> list[TapTable]:
        """Return the tables of the catalogues."""
        return self._all(identity) if schema == SCHEMA else []

    def named(self, identity: Identity, schema: str, name: str) -> Iterator[TapTable]:
        """Yield the table of a name in any case."""
        found = self._named(identity, name.lower()) if schema.lower() == SCHEMA else None
        if found is not None:
            yield found

    def blocks(self, identity: Identity) -> Iterator[TableBlock]:
        """Yield one block: there are few catalogues."""
        key = (identity.user_id, identity.acts_as_admin, identity.is_anonymous, sorted(identity.groups))
        yield TableBlock(f"{SCHEMA} {self.stamp()} {key}", partial(self._all, identity))

    def _named(self, identity: Identity, name: str) -> TapTable | None:
        edition = self._catalogues.edition(identity, name)
        if edition is None:
            return None
        with self._lock:
            known = self._described.get(edition)
        if known is not None:
            return known
        catalogue = self._catalogues.named(identity, name)
        if catalogue is None:  # removed a moment ago
            return None
        made = self._table(catalogue)
        with self._lock:
            self._described[catalogue.id, catalogue.version] = made
            while len(self._described) > _KEPT:
                self._described.popitem(last=False)
        return made

    def _all(self, identity: Identity) -> list[TapTable]:
        return [self._table(catalogue, order) for order, catalogue in enumerate(self._catalogues.all(identity))]

    def _table(self, catalogue: SurveyCatalogue, order: int = 0) -> TapTable:
        columns = tuple(item.column for item in catalogue.columns)
        entry = CatalogTable(
            name=catalogue.full_name,
            columns=columns,
            position=catalogue.position,
            sorted_by_healpix=catalogue.position is not None,
            engine_schema=SCHEMA,
            engine_table=catalogue.name,
            engine_columns=stored_names(len(columns)),
            has_cells=catalogue.healpix is not None,
        )
        return TapTable(
            schema=SCHEMA,
            entry=entry,
            description=(catalogue.description or f"Survey catalogue {catalogue.name}")[:_LONGEST_DESCRIPTION],
            principal=frozenset(column.name for column in columns),
            planned=partial(self._plans.table, catalogue, FileLayout.of_catalogue(catalogue)),
            row_count=catalogue.rows,
            more_indexed=frozenset(catalogue.indexes),
            order=order,
            edition=catalogue.listing,
        )
