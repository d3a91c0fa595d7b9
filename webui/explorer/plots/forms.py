"""Form of a plot: its fields become a specification, and a specification its fields."""

from webui.explorer.plots.specifications import FLAGS, KINDS, PlotSpecification
from webui.explorer.quantities import Quantity
from webui.explorer.selection import Parameters
from webui.explorer.tables import DescribedTable

__all__ = ["FORM_NUMBER", "plot_from_form", "plots_of", "values_of"]

#: The field with the number of the plot that a form changes, from 0; one more than there are adds a plot.
FORM_NUMBER = "p_number"
_MOST_PLOTS = 12


def plots_of(params: Parameters, table: DescribedTable) -> list[PlotSpecification]:
    """Return the plots that an address names.

    Raises
    ------
    InvalidValueError
        One of them is none; the message names it.
    """
    texts = [text for text in params.getlist("plot") if text.strip()]
    return [PlotSpecification.parse(text, table) for text in texts[:_MOST_PLOTS]]


def plot_from_form(params: Parameters, table: DescribedTable) -> PlotSpecification:
    """Return the plot of a form.

    Parameters
    ----------
    params
        ``p_kind``, ``p_x``, ``p_x_minus``, ``p_y``, ``p_y_minus``, ``p_colour``, ``p_bins``, ``p_densities``, and
        ``p_flag`` for each option; what the kind does not have is ignored.

    Raises
    ------
    InvalidValueError
        A value does not fit; the message names it.
    """
    name = params.get("p_kind", "")
    kind = KINDS.get(name)
    if kind is None:
        return PlotSpecification.parse(name, table)
    texts = [_quantity_text(params, axis, table) for axis in ("x", "y")[: kind.quantities]]
    options = [flag for flag in params.getlist("p_flag") if flag in kind.flags]
    if (bins := params.get("p_bins", "").strip()) and name != "sky":
        options.append(f"bins={bins}")
    if kind.has_colour and (colour := params.get("p_colour", "")):
        options.append(f"colour={Quantity.of(table, colour).text}")
    if kind.has_densities and (densities := params.get("p_densities", "")):
        options.append(f"densities={densities}")
    head = name + f":{','.join(texts)}" * bool(texts)
    return PlotSpecification.parse(";".join([head, *options]), table)


def values_of(specification: PlotSpecification) -> dict[str, object]:
    """Return the values of the fields of the form."""
    values: dict[str, object] = {
        "kind": specification.kind.name,
        "bins": specification.bins or "",
        "colour": specification.colour.columns[0].name if specification.colour else "",
        "densities": specification.densities or "",
        "flags": [flag for flag in FLAGS if flag in specification.flags],
    }
    for number, axis in enumerate(("x", "y")):
        quantity = specification.quantities[number] if number < len(specification.quantities) else None
        names = [column.name for column in quantity.columns] if quantity else []
        values[axis] = names[0] if names else ""
        values[f"{axis}_minus"] = names[1] if len(names) > 1 else ""
    return values


def _quantity_text(params: Parameters, axis: str, table: DescribedTable) -> str:
    names = [params.get(f"p_{axis}", "")]
    if subtrahend := params.get(f"p_{axis}_minus", ""):
        names.append(subtrahend)
    return Quantity.of(table, *names).text
