"""Construction of ADQL queries from values: every value is quoted, every name checked or delimited."""

from collections.abc import Iterable

__all__ = ["conditions_of", "delimited", "in_cone", "literal", "rows_query"]

#: Filters with the names of version 0.3, and the columns of ``photoz.products`` that they search.
_FILTERS = {
    "product_type": ("product_type", "product_type_name"),
    "product_type_name": ("product_type", "product_type_name"),
    "release": ("release_name",),
    "release_name": ("release_name",),
    "product_name": ("display_name",),
    "display_name": ("display_name",),
    "uploaded_by": ("owner",),
    "owner": ("owner",),
    "pz_code": ("pz_code",),
    "description": ("description",),
}
_EXACT = {"internal_name": "internal_name", "visibility": "visibility", "origin": "origin"}
_NAMES = (*_FILTERS, *(f"{name}__or" for name in _FILTERS), *_EXACT, "id", "official_product")


def literal(text: str) -> str:
    """Return a text as a string literal of ADQL (ADQL 2.1 §2.1.4)."""
    return "'" + text.replace("'", "''") + "'"


def delimited(name: str) -> str:
    """Return a name as a delimited identifier (ADQL 2.1 §2.1.3)."""
    return '"' + name.replace('"', '""') + '"'


def in_cone(ra_column: str, dec_column: str, cone: tuple[float, float, float]) -> str:
    """Return the condition for positions in a cone: right ascension, declination and radius in degrees."""
    ra, dec, radius = (float(value) for value in cone)
    point = f"POINT({delimited(ra_column)}, {delimited(dec_column)})"
    return f"1 = CONTAINS({point}, CIRCLE({ra!r}, {dec!r}, {radius!r}))"


def rows_query(table: str, columns: Iterable[str] | None, condition: str | None) -> str:
    """Return the query for rows of a table, whose name is one that the server returned."""
    selected = "*" if columns is None else ", ".join(delimited(name) for name in columns)
    where = "" if condition is None else f" WHERE {condition}"
    return f"SELECT {selected} FROM {table}{where}"  # noqa: S608 - every name and value is quoted above


def conditions_of(filters: dict[str, object]) -> list[str]:
    """Return the filters of a list of products as conditions on ``photoz.products``.

    Parameters
    ----------
    filters
        Names to a word or a list of words. All words must occur, or one of them when the name ends in ``__or``.

    Raises
    ------
    ValueError
        There is no filter of this name.
    """
    return [_condition(name, value) for name, value in filters.items()]


def _condition(name: str, value: object) -> str:
    values = [str(item) for item in value] if isinstance(value, list | tuple | set) else [str(value)]
    if name == "id":
        return f"product_id IN ({', '.join(str(int(item)) for item in values)})"
    if name == "official_product":
        return f"official = {int(value in {True, 'true', 'True', '1'})}"
    if name in _EXACT:
        return f"{_EXACT[name]} IN ({', '.join(map(literal, values))})"
    key = name.removesuffix("__or")
    if key not in _FILTERS:
        message = f"'{name}' is not a filter; the filters are {', '.join(_NAMES)}."
        raise ValueError(message)
    words = [" OR ".join(f"LOWER({column}) LIKE {_pattern(word)}" for column in _FILTERS[key]) for word in values]
    joined = (" OR " if name.endswith("__or") else " AND ").join(f"({word})" for word in words)
    return f"({joined})"


def _pattern(word: str) -> str:
    return literal(f"%{word.lower()}%")
