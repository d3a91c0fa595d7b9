"""Which columns a name may mean at a place of the query, and which one it does (ADQL 2.1 §2.1.3, §3.2)."""

from dataclasses import dataclass
from typing import Optional

from tap.adql.errors import QueryError, nearest
from tap.adql.tree import Name, Reference
from tap.adql.values import Field, Table
from tap.identifiers import identifier

__all__ = ["Scope"]


@dataclass(slots=True)
class Scope:
    """The columns that can be named: those of FROM, then those of the queries around it.

    Parameters
    ----------
    tables
        The tables that may qualify a column.
    fields
        The columns that ``*`` means: those that USING and NATURAL merged stand once, and first.
    outer
        The scope around this query, for conditions that look outside.
    """

    tables: list[Table]
    fields: list[Field]
    outer: Optional["Scope"] = None

    def resolve(self, reference: Reference) -> Field:
        """Find what a reference means.

        Raises
        ------
        QueryError
            When nothing, or more than one thing; says which name is near.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope.lookup(reference)
            if found is not None:
                return found
            scope = scope.outer
        raise self._unknown(reference)

    def lookup(self, reference: Reference) -> Field | None:
        """Find what a reference means here, without looking outside."""
        *qualifier, name = reference.names
        fields = self.fields if not qualifier else self.fields_of(tuple(qualifier))
        if fields is None:
            return None
        found = [candidate for candidate in fields if name.matches(candidate.name)]
        if len(found) > 1:
            found = [candidate for candidate in found if candidate.name == name.text] or found
        if len(found) > 1:
            owners = [identifier(owner.table.names[-1]) for owner in found if owner.table]
            advice = f"write {' or '.join(f'{owner}.{name.text}' for owner in owners)}" if owners else None
            raise QueryError(f"The column {name.text} is ambiguous", reference.at, advice)
        return found[0] if found else None

    def fields_of(self, qualifier: tuple[Name, ...]) -> list[Field] | None:
        """Return the columns of the table that a qualifier means, or none when there is no such table here."""
        found = [table for table in self.tables if table.is_called(qualifier)]
        if len(found) > 1:
            written = ".".join(name.text for name in qualifier)
            raise QueryError(f"The table name {written} is ambiguous", qualifier[0].at, "give each table an alias")
        return found[0].fields if found else None

    def _unknown(self, reference: Reference) -> QueryError:
        *qualifier, name = reference.names
        written = ".".join(part.text for part in reference.names)
        fields = self.fields_of(tuple(qualifier)) if qualifier else self.fields
        if fields is None:
            table = ".".join(part.text for part in qualifier)
            return QueryError(
                f"Unknown table {table}", reference.at, _near(table, [known.names[-1] for known in self.tables])
            )
        return QueryError(f"Unknown column {written}", reference.at, _near(name.text, [known.name for known in fields]))


def _near(written: str, names: list[str]) -> str | None:
    near = nearest(written, names)
    return f"did you mean {identifier(near)}?" if near else None
