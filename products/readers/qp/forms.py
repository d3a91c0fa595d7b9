"""Layout of the densities of a qp ensemble: which parameters, in which order, make the array of one object.

The forms and their parameters are those of qp 1.1. Forms that are stored as they are keep their parameters; the others
are decoded to densities on a grid (`products.readers.qp.decoding`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.photoz.forms import DensityForm
from products.readers.base import EnsembleTables
from products.readers.errors import DamagedFileError, listed

__all__ = ["DECODED_FORMS", "FormLayout", "Parameter", "form_name", "layout_of", "shared_text"]

#: Forms that are decoded, and the parameters that they have.
DECODED_FORMS: Mapping[str, tuple[str, ...]] = {
    "packed_interp": ("ypacked", "ymax"),
    "sparse": ("sparse_indices",),
}

#: Parameters of the other forms of qp in the order of the stored array, and the name of their shared grid in meta.
_FORMS: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    "interp": (("yvals",), "xvals"),
    "hist": (("pdfs",), "bins"),
    "quant": (("locs",), "quants"),
    "mixmod": (("weights", "means", "stds"), None),
    "interp_irregular": (("xvals", "yvals"), None),
    "spline": (("splx", "sply", "spln"), None),
}
_DEFAULTS: Mapping[str, float] = {"loc": 0.0, "scale": 1.0}
#: How qp interpolates between quantiles unless the file says otherwise; there is no arithmetic for other ways.
_PIECEWISE_LINEAR = "piecewise_linear"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the densities: its column, its values for one object, and its value where no column holds it."""

    name: str
    column: str | None
    width: int = 1
    default: float = 0.0


@dataclass(frozen=True, slots=True)
class FormLayout:
    """The form of an ensemble as it is stored, and the parameters that make the array of one object.

    Parameters
    ----------
    stored_as
        Name of the form in the file.
    decoded
        Whether the arrays are decoded from the parameters, not made of them.
    """

    form: DensityForm
    parameters: tuple[Parameter, ...]
    stored_as: str
    decoded: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the parameters."""
        return tuple(parameter.column for parameter in self.parameters if parameter.column is not None)


def form_name(tables: EnsembleTables, name: str) -> str:
    """Return the name of the form of an ensemble.

    Parameters
    ----------
    name
        Name of the file in messages.

    Raises
    ------
    DamagedFileError
        The file does not tell.
    """
    found = shared_text(tables, "pdf_name")
    if not found:
        raise DamagedFileError(f"{name} does not say of which form its densities are: meta has no text pdf_name.")
    return found


def shared_text(tables: EnsembleTables, key: str) -> str | None:
    """Return a text that all objects of an ensemble share, or None."""
    values = tables.meta.get(key)
    if values is None or np.size(values) != 1:
        return None
    value = np.ravel(values)[0]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.strip(" \x00") if isinstance(text, str) else None


def layout_of(tables: EnsembleTables, name: str, widths: Mapping[str, int]) -> FormLayout | None:
    """Return the layout of the densities of an ensemble, or None if there is no arithmetic for its form.

    Parameters
    ----------
    name
        Name of the file in messages.
    widths
        For each column with parameters, its values for one object.

    Raises
    ------
    DamagedFileError
        A parameter or the grid is missing, or their shapes disagree, or the grid does not increase.
    """
    form = form_name(tables, name)
    if form == "quant" and shared_text(tables, "pdf_constructor_name") not in {None, _PIECEWISE_LINEAR}:
        return None
    if form in DECODED_FORMS:
        names, key = DECODED_FORMS[form], "xvals"
    elif form in _FORMS:
        names, key = _FORMS[form][0], _FORMS[form][1] or ""
    else:
        shapes = _scipy_shapes(form)
        if shapes is None:
            return None
        names, key = (*shapes, "loc", "scale"), ""
    parameters = tuple(_parameter(each, tables, name, form, widths) for each in names)
    if form in DECODED_FORMS:
        grid = _grid(tables, key, name, form)
        return FormLayout(_checked("interp", len(grid), grid, name), parameters, form, decoded=True)
    grid = _grid(tables, key, name, form) if key else ()
    size = sum(parameter.width for parameter in parameters)
    if key == "" and form in _FORMS:
        _check_equal_widths(parameters[:2] if form == "spline" else parameters, name, form)
    return FormLayout(_checked(form, size, grid, name), parameters, form)


def _parameter(parameter: str, tables: EnsembleTables, name: str, form: str, widths: Mapping[str, int]) -> Parameter:
    column = tables.data.get(parameter)
    if reason := tables.refused.get(column or parameter) or tables.refused.get(parameter):
        raise DamagedFileError(f"The parameter {parameter} of the densities in {name} cannot be used: {reason}.")
    if column is None and parameter in _DEFAULTS and form not in _FORMS:
        return Parameter(parameter, None, default=_DEFAULTS[parameter])
    if column is None or column not in widths:
        there = listed([*tables.data]) or "nothing"
        raise DamagedFileError(
            f"The densities in {name} are of the form {form}, which has the parameter {parameter}; data holds {there}."
        )
    return Parameter(parameter, column, widths[column])


def _grid(tables: EnsembleTables, key: str, name: str, form: str) -> tuple[float, ...]:
    values = tables.meta.get(key)
    if values is None or values.dtype.kind not in "iuf":
        raise DamagedFileError(
            f"The densities in {name} are of the form {form}, and meta has no numbers {key}, which they share."
        )
    return tuple(np.ravel(values).astype(np.float64).tolist())


def _check_equal_widths(parameters: tuple[Parameter, ...], name: str, form: str) -> None:
    if len({parameter.width for parameter in parameters}) > 1:
        found = listed([f"{parameter.name} has {parameter.width}" for parameter in parameters])
        raise DamagedFileError(
            f"The shapes of the densities in {name} disagree: of the form {form}, each parameter has as many values "
            f"for an object as the others, and {found}."
        )


def _checked(form: str, size: int, grid: tuple[float, ...], name: str) -> DensityForm:
    try:
        return DensityForm(form, size, grid)
    except ValueError as e:
        raise DamagedFileError(f"The densities in {name} cannot be used: {e}.") from e


def _scipy_shapes(form: str) -> tuple[str, ...] | None:
    """Return the names of the shape parameters of a distribution of scipy, in its order; None if there is none."""
    from scipy import stats

    distribution = getattr(stats, form, None) if form in stats.__all__ else None
    if not isinstance(distribution, stats.rv_continuous):
        return None
    return tuple(shape.strip() for shape in distribution.shapes.split(",")) if distribution.shapes else ()
