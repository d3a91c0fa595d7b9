"""Cone searches written as ADQL: position in degrees or sexagesimal, and the columns of a table."""

from core.errors import InvalidValueError
from products.search.positions import PositionReader, position_of_text
from tap.identifiers import identifier
from tap.models import TapTable

__all__ = ["cone_query", "parse_position"]

_LONGEST = 100
_MOST_COLUMNS = 12


def parse_position(text: str, read: PositionReader = position_of_text) -> tuple[float, float]:
    """Parse a position of ICRS as people type it, in degrees or sexagesimal, and return it in degrees.

    Raises
    ------
    InvalidValueError
        The text is not a position, or the position is not on the sphere.
    """
    try:
        ra, dec, *radius = read(text[:_LONGEST])
    except InvalidValueError as e:
        raise InvalidValueError(e.message, field="position") from e
    if radius:
        message = f"'{text[:60]}' has a third number. Enter the radius in its own field."
        raise InvalidValueError(message, field="position")
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        message = f"'{text[:60]}' is not on the sky: right ascension is 0 to 360 degrees, declination -90 to 90."
        raise InvalidValueError(message, field="position")
    return ra, dec


def cone_query(table: TapTable, ra: float, dec: float, radius: float) -> str:
    """Write the query for the rows around a position, the nearest first; all numbers in degrees.

    Raises
    ------
    InvalidValueError
        The table has no columns of positions.
    """
    if table.entry.position is None:
        message = f"The table {table.name} has no columns of positions. Choose a table that has."
        raise InvalidValueError(message, field="cone_table")
    own = "POINT({}, {})".format(*(identifier(name) for name in table.entry.position))
    centre = f"{ra:.10g}, {dec:.10g}"
    names = [identifier(column.name) for column in table.columns if column.name in table.principal][:_MOST_COLUMNS]
    return "\n".join(
        (
            f"SELECT TOP 1000 {', '.join(names) or '*'},",
            f"  DISTANCE({own}, POINT({centre})) AS separation",
            f"FROM {table.name}",
            f"WHERE 1 = CONTAINS({own}, CIRCLE({centre}, {radius:.10g}))",
            "ORDER BY separation",
        )
    )
