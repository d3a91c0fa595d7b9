"""Fields of the explorer's forms, which become parts of a selection and its address."""

from products.search.positions import PositionReader, position_of_text
from webui.explorer.filters import Filter
from webui.explorer.positions import cone_of
from webui.explorer.selection import Parameters, Selection

__all__ = ["FORM_FIELD", "with_form"]

#: The field that each form of the explorer has: its presence says that the address is to be made canonical.
FORM_FIELD = "form"

_RANGE = "between"


def with_form(params: Parameters, selection: Selection, read: PositionReader = position_of_text) -> Selection:
    """Return a selection with the filter, the cone and the columns that a form has.

    Parameters
    ----------
    params
        ``f_column``, ``f_operator``, ``f_value`` and ``f_high`` are a filter, whose values of a list are separated by
        commas; ``position``, ``radius`` and ``unit`` a cone.
    read
        Reads the position.

    Raises
    ------
    InvalidValueError
        A value does not fit; the message names it.
    """
    if name := params.get("f_column", ""):
        added = _filter(params, selection, name)
        ranged = added.operator in {_RANGE, "ge", "le"} and params.get("f_operator", "") == _RANGE
        kept = [one for one in selection.filters if not (ranged and one.column == name and one.operator in _RANGES)]
        selection = selection.changed(filters=(*(one for one in kept if one != added), added))
    if position := params.get("position", "").strip():
        cone = cone_of(position, params.get("radius", ""), params.get("unit", "deg"), read)
        selection = selection.changed(cone=cone)
    if set(selection.columns) == selection.source.by_name.keys():
        selection = selection.changed(columns=())
    return selection


#: Filters that a new range of the same column replaces.
_RANGES = frozenset({_RANGE, "ge", "le"})


def _filter(params: Parameters, selection: Selection, name: str) -> Filter:
    column, operator = selection.source.column(name), params.get("f_operator", "")
    value, high = params.get("f_value", ""), params.get("f_high", "")
    if operator == _RANGE:
        return Filter.of(column, operator, (value, high))
    if operator == "in":
        return Filter.parse(f"in:{name.replace('%', '%25').replace(':', '%3A')}:{value}", selection.source)
    without_value = operator in {"true", "false", "null", "notnull"}
    return Filter.of(column, operator, () if without_value else (value,))
