"""Scopes: resolution of column references (ADQL 2.1 §2.1.3, §3.2)."""

from dataclasses import dataclass, field
from typing import Optional

from tap.adql.errors import QueryError, nearest
from tap.adql.tree import Name, Reference
from tap.adql.values import Field, Table
from tap.identifiers import identifier

__all__ = ["Scope"]


@dataclass(slots=True)
class Scope:
    """The columns that can be referenced: those of FROM, then those of the enclosing queries.

    Parameters
    ----------
    tables
        The tables whose names may qualify a column.
    fields
        The columns of ``*``; those merged by USING and NATURAL are listed once, first.
    outer
        The scope of the enclosing query, for correlated subqueries.
    is_grouped
        Whether only grouped columns can be referenced from here on.
    """

    tables: list[Table]
    fields: list[Field]
    outer: Optional["Scope"] = None
    is_grouped: bool = False
    _indexes: dict[int, dict[str, list[Field]]] = field(default_factory=dict, repr=False)

    def resolve(self, reference: Reference) -> Field:
        """Return the column of a reference, searching enclosing scopes.

        Raises
        ------
        QueryError
            There is no such column, or more than one; the message suggests a similar name.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope.lookup(reference)
            if found is not None:
                return found
            scope = scope.outer
        raise self._unknown(reference)

    def enclosing_tables(self) -> list[Table]:
        """Return the tables of the enclosing queries whose rows can be referenced."""
        found: list[Table] = []
        scope = self.outer
        while scope is not None:
            found += () if scope.is_grouped else scope.tables
            scope = scope.outer
        return found

    def lookup(self, reference: Reference) -> Field | None:
        """Return the column of a reference in this scope alone; None when there is none."""
        *qualifier, name = reference.names
        fields = self.fields if not qualifier else self.fields_of(tuple(qualifier))
        if fields is None:
            return None
        found = [candidate for candidate in self._named(fields, name) if name.matches(candidate.name)]
        if len(found) > 1:
            found = [candidate for candidate in found if candidate.name == name.text] or found
        if len(found) > 1:
            owners = [identifier(owner.table.names[-1]) for owner in found if owner.table]
            advice = f"write {' or '.join(f'{owner}.{name.text}' for owner in owners)}" if owners else None
            raise QueryError(f"The column {name.text} is ambiguous", reference.at, advice)
        return found[0] if found else None

    def fields_of(self, qualifier: tuple[Name, ...]) -> list[Field] | None:
        """Return the columns of the table with a qualifier; None when this scope has no such table."""
        found = [table for table in self.tables if table.is_called(qualifier)]
        if len(found) > 1:
            written = ".".join(name.text for name in qualifier)
            raise QueryError(f"The table name {written} is ambiguous", qualifier[0].at, "give each table an alias")
        return found[0].fields if found else None

    def _named(self, fields: list[Field], name: Name) -> list[Field]:
        """Return the columns of a name in any case; a list of this scope is indexed when it is first searched."""
        index = self._indexes.get(id(fields))
        if index is None:
            index = self._indexes[id(fields)] = {}
            for candidate in fields:
                index.setdefault(candidate.name.lower(), []).append(candidate)
        return index.get(name.text.lower(), [])

    def _outwards(self) -> list["Scope"]:
        """Return this scope and those of the enclosing queries."""
        scopes, scope = [self], self.outer
        while scope is not None:
            scopes.append(scope)
            scope = scope.outer
        return scopes

    def _unknown(self, reference: Reference) -> QueryError:
        *qualifier, name = reference.names
        written = ".".join(part.text for part in reference.names)
        scopes = self._outwards()
        if qualifier:
            found = (scope.fields_of(tuple(qualifier)) for scope in scopes)
            fields = next((fields for fields in found if fields is not None), None)
        else:
            fields = [field for scope in scopes for field in scope.fields]
        if fields is None:
            table = ".".join(part.text for part in qualifier)
            names = [known.names[-1] for scope in scopes for known in scope.tables]
            return QueryError(f"Unknown table {table}", reference.at, _advice(table, names))
        return QueryError(
            f"Unknown column {written}", reference.at, _advice(name.text, [known.name for known in fields])
        )


def _advice(written: str, names: list[str]) -> str | None:
    near = nearest(written, names)
    return f"did you mean {identifier(near)}?" if near else None
