"""State and results shared by the compilers of one translation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from core.columns import Column
from tap.adql import tree
from tap.adql.catalog import CatalogTable, TableResolver
from tap.adql.compiler.scopes import Scope
from tap.adql.functions.signatures import Function
from tap.adql.functions.table import FUNCTIONS
from tap.adql.limits import Limits
from tap.adql.near_joins import NearJoin
from tap.adql.sqltree import identifier
from tap.adql.values import Kind

__all__ = ["CompiledQuery", "Context", "OutputColumn"]


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of a compiled query: its name in the engine and its metadata.

    Parameters
    ----------
    exact
        Whether the case of its name has a meaning.
    """

    engine_name: str
    column: Column
    kind: Kind
    exact: bool


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A compiled query: its SQL and its columns."""

    sql: exp.Query
    outputs: tuple[OutputColumn, ...]


@dataclass(slots=True)
class Context:
    """State shared by the compilers of one translation.

    Parameters
    ----------
    compile_query
        Compiles a subquery, given the enclosing scope.
    functions
        The functions that may be called, by upper-case name.
    with_queries
        Queries of WITH that later ones may read: name, name in the engine, columns.
    tables
        The tables that are read.
    parts
        Queries that stand before the others in the WITH of the engine, in the order in which they need each other.
    near
        Joins by distance that restrict the rows of tables.
    """

    catalog: TableResolver
    compile_query: Callable[["Context", tree.Query, Scope | None], CompiledQuery]
    functions: Mapping[str, Function] = field(default_factory=lambda: FUNCTIONS)
    with_queries: list[tuple[tree.Name, str, tuple[OutputColumn, ...]]] = field(default_factory=list)
    tables: list[CatalogTable] = field(default_factory=list)
    parts: list[exp.CTE] = field(default_factory=list)
    near: list[NearJoin] = field(default_factory=list)
    names: int = 0
    selects: int = 0
    limits: Limits = field(default_factory=Limits)

    def new_name(self, letter: str) -> str:
        """Return a name that is unique in the query of the engine."""
        self.names += 1
        return f"{letter}{self.names}"

    def add_part(self, name: str, query: exp.Query, *, materialized: bool | None = None) -> None:
        """Add a query to the WITH of the engine; a materialized one runs once, however often it is read."""
        alias = exp.TableAlias(this=identifier(name))
        self.parts.append(exp.CTE(this=query, alias=alias, materialized=materialized))
