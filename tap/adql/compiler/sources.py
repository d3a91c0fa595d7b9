"""Compiler of FROM: tables and joins (ADQL 2.1 §2.2.2).

USING and NATURAL are written as explicit conditions, and their merged columns as the value of the side that has one,
so that the result does not depend on how the engine implements them.
"""

from dataclasses import dataclass, replace

from sqlglot import exp

from tap.adql import tree
from tap.adql.compiler.bands import implied_bands
from tap.adql.compiler.context import Context
from tap.adql.compiler.distance_joins import join_by_cells
from tap.adql.compiler.expressions import Expressions
from tap.adql.compiler.full_joins import full_join_by_cells
from tap.adql.compiler.scopes import Scope
from tap.adql.errors import Position, QueryError
from tap.adql.near_joins import near_joins
from tap.adql.sqltree import all_of, compare, identifier
from tap.adql.values import Field, Near, Table, promoted

__all__ = ["Relation", "compile_sources", "conjuncts"]

#: Most tables of one FROM, for the sake of the planner of the engine.
MAX_TABLES = 60


@dataclass(frozen=True, slots=True)
class Relation:
    """A compiled FROM, or a part of it."""

    tables: list[Table]
    fields: list[Field]
    first: exp.Expr
    joins: list[exp.Join]

    def scope(self, outer: Scope | None) -> Scope:
        """Return the scope of the columns."""
        return Scope(self.tables, self.fields, outer)


def compile_sources(context: Context, sources: tuple[tree.Source, ...], outer: Scope | None) -> Relation:
    """Compile a FROM; tables separated by commas are cross joined."""
    relations = [_compile(context, source, outer) for source in sources]
    first = relations[0]
    tables, fields, joins = list(first.tables), list(first.fields), list(first.joins)
    for other in relations[1:]:
        tables += other.tables
        fields += other.fields
        joins += [exp.Join(this=_grouped(other), kind="CROSS")]
    if len(tables) > MAX_TABLES:
        raise QueryError(f"FROM joins {len(tables)} tables", sources[0].at, f"at most {MAX_TABLES} are joined")
    return Relation(tables, fields, first.first, joins)


def conjuncts(condition: tree.Expression) -> list[tree.Expression]:
    """Return the operands of the outermost ANDs of a condition."""
    while isinstance(condition, tree.Parentheses):
        condition = condition.inner
    if isinstance(condition, tree.Conjunction):
        return [part for operand in condition.operands for part in conjuncts(operand)]
    return [condition]


def near_pairs(compiler: Expressions, condition: tree.Expression) -> tuple[list[exp.Expr], list[Near]]:
    """Compile the operands of a conjunction, and return with them the pairs of points that it requires to be near."""
    tests, pairs = [], []
    for part in conjuncts(condition):
        compiler.near.clear()
        tests.append(compiler.condition(part))
        if isinstance(part, tree.Comparison):
            pairs += compiler.near
            tests += implied_bands(compiler, part)
    return tests, pairs


def _compile(context: Context, source: tree.Source, outer: Scope | None) -> Relation:
    if isinstance(source, tree.TableName):
        return _table(context, source)
    if isinstance(source, tree.Derived):
        return _derived(context, source)
    return _join(context, source, outer)


def _table(context: Context, source: tree.TableName) -> Relation:
    context.limits.count_table(source.at)
    alias = context.new_name("t")
    names = (source.alias.text,) if source.alias else tuple(name.text for name in source.names)
    if len(source.names) == 1:
        for name, engine_name, outputs in reversed(context.with_queries):
            if source.names[0].matches(name.text) or name.matches(source.names[0].text):
                node = exp.Table(this=identifier(engine_name), alias=exp.TableAlias(this=identifier(alias)))
                table = Table(names, alias, node)
                for output in outputs:
                    table.add(output.column.name, output.engine_name, output.column)
                return Relation([table], table.fields, node, [])
    found = context.catalog.find(source)
    if found not in context.tables:
        context.tables.append(found)
    node = exp.Table(
        this=identifier(found.engine_table),
        db=identifier(found.engine_schema),
        alias=exp.TableAlias(this=identifier(alias)),
    )
    table = Table(names if source.alias else found.parts, alias, node, found)
    engine_names = found.engine_columns or [column.name for column in found.columns]
    for column, engine_name in zip(found.columns, engine_names, strict=True):
        table.add(column.name, engine_name, column)
    return Relation([table], table.fields, node, [])


def _derived(context: Context, source: tree.Derived) -> Relation:
    compiled = context.compile_query(context, source.query, None)
    alias = context.new_name("t")
    node = exp.Subquery(this=compiled.sql, alias=exp.TableAlias(this=identifier(alias)))
    table = Table((source.alias.text,), alias, node)
    for output in compiled.outputs:
        table.add(output.column.name, output.engine_name, output.column)
    return Relation([table], table.fields, node, [])


def _join(context: Context, source: tree.Join, outer: Scope | None) -> Relation:
    left, right = _compile(context, source.left, outer), _compile(context, source.right, outer)
    tables, fields = left.tables + right.tables, left.fields + right.fields
    right_node = _grouped(right)
    if source.on is not None:
        compiler = Expressions(context, Scope(tables, fields, outer), "ON", prune=True)
        tests, pairs = near_pairs(compiler, source.on)
        restricted = {"INNER": tables, "LEFT": right.tables, "RIGHT": left.tables, "FULL": []}[source.kind]
        context.near += near_joins(pairs, restricted, [*tables, *compiler.scope.enclosing_tables()])
        if source.kind == "FULL":
            full = full_join_by_cells(context, left.tables, right.tables, tests, pairs)
            if full is not None:
                kept = left if full.is_left else right
                return Relation(tables, fields, kept.first, [*kept.joins, *full.joins])
        else:
            repeated = {"INNER": None, "LEFT": right.tables, "RIGHT": left.tables}[source.kind]
            tests += join_by_cells(tables, pairs, repeated, compiler.scope.enclosing_tables())
    else:
        common = source.using or _common_names(left, right, source.at)
        tests, fields = _merge(left, right, common, source)
    join = exp.Join(this=right_node, on=all_of(tests), **_kind(source.kind))
    return Relation(tables, fields, left.first, [*left.joins, join])


def _kind(kind: tree.JoinKind) -> dict[str, str]:
    return {"kind": "INNER"} if kind == "INNER" else {"side": kind}


def _grouped(relation: Relation) -> exp.Expr:
    """Return joined tables in parentheses, so that the join binds as the user wrote it."""
    if not relation.joins:
        return relation.first
    relation.first.set("joins", relation.joins)
    return exp.Subquery(this=relation.first)


def _common_names(left: Relation, right: Relation, at: Position) -> tuple[tree.Name, ...]:
    others = {field.name.lower() for field in right.fields}
    names = tuple(tree.Name(field.name, quoted=False, at=at) for field in left.fields if field.name.lower() in others)
    if not names:
        raise QueryError("NATURAL joins tables without a common column", at, "give the condition with ON")
    return names


def _merge(
    left: Relation, right: Relation, names: tuple[tree.Name, ...], source: tree.Join
) -> tuple[list[exp.Expr], list[Field]]:
    """Return the conditions of the named columns, and the columns of the join: the merged ones first, once."""
    tests: list[exp.Expr] = []
    merged: list[Field] = []
    used: set[int] = set()
    ours, theirs = left.scope(None), right.scope(None)
    for name in names:
        reference = tree.Reference((name,), name.at)
        one, other = ours.resolve(reference), theirs.resolve(reference)
        tests.append(compare(one.sql, "=", other.sql))
        merged.append(_merged(one, other, source.kind))
        used |= {id(one), id(other)}
    rest = [field for field in left.fields + right.fields if id(field) not in used]
    return tests, merged + rest


def _merged(one: Field, other: Field, kind: tree.JoinKind) -> Field:
    if kind == "RIGHT":
        return Field(one.name, other.column, other.sql, other.table)
    if kind != "FULL":
        return one
    column = one.column
    if one.column.density != other.column.density:
        column = replace(column, density=None)
    if one.column.is_numeric and other.column.is_numeric:
        column = replace(column, datatype=promoted(one.column, other.column))
    return Field(one.name, column, exp.Coalesce(this=one.sql.copy(), expressions=[other.sql.copy()]))
