"""Ensembles of qp, made of rows that a server has sent: no other file is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.io.votable.tree import Field, Param, TableElement

__all__ = ["ensemble_of"]

_DENSITY = "photoz:density"
_COMPUTED = "photoz:density.computed"

#: Parameters of the forms of qp in the order of the server's arrays, and the name of what all objects share.
_ON_GRIDS: Mapping[str, tuple[str, str]] = {
    "interp": ("yvals", "xvals"),
    "hist": ("pdfs", "bins"),
    "quant": ("locs", "quants"),
}
_OF_ARRAYS: Mapping[str, tuple[str, ...]] = {
    "mixmod": ("weights", "means", "stds"),
    "interp_irregular": ("xvals", "yvals"),
}


def ensemble_of(table: TableElement) -> Any:  # qp has no types
    """Return the densities of a table as a ``qp.Ensemble``, with the columns of their author as ancillary data.

    Raises
    ------
    ImportError
        The package qp-prob is not installed.
    ValueError
        The table has no column of densities.
    """
    try:
        import qp
    except ImportError as e:
        message = "Ensembles are made by qp: install it with pip install qp-prob."
        raise ImportError(message) from e
    density, form, grid = _described(table)
    values = np.ma.filled(np.ma.asarray(table.array[density.ID]), np.nan)
    data = _parameters(form, np.atleast_2d(values), grid)
    plain = [field for field in table.fields if field.ID != density.ID and field.utype != _COMPUTED]
    ancillary = {field.name: np.asarray(np.ma.getdata(table.array[field.ID])) for field in plain}
    kind = getattr(qp, form) if form in {*_ON_GRIDS, *_OF_ARRAYS, "spline"} else getattr(qp.stats, form)
    return qp.Ensemble(kind, data=data, ancil=ancillary or None)


def _described(table: TableElement) -> tuple[Field, str, Any]:
    """Return the field of the densities, the name of their form, and the grid or None."""
    fields = {field.ID: field for field in table.fields}
    params: dict[str, Param] = {param.ID: param for param in table.params}
    for group in table.groups:
        if group.utype != _DENSITY:
            continue
        references = [entry.ref for entry in group.entries]
        values = {params[ref].utype: params[ref].value for ref in references if ref in params}
        field = next((fields[ref] for ref in references if ref in fields), None)
        if field is not None and f"{_DENSITY}.form" in values:
            return field, str(values[f"{_DENSITY}.form"]), values.get(f"{_DENSITY}.grid")
    message = "The product has no column of probability densities; get_rows reads its point estimates."
    raise ValueError(message)


def _parameters(form: str, values: Any, grid: Any) -> dict[str, Any]:
    """Return the parameters of qp from the arrays of the server."""
    if form in _ON_GRIDS:
        parameter, shared = _ON_GRIDS[form]
        return {shared: np.asarray(grid, dtype=np.float64), parameter: values}
    if form in _OF_ARRAYS:
        names = _OF_ARRAYS[form]
        return dict(zip(names, np.split(values, len(names), axis=1), strict=True))
    if form == "spline":
        knots = values.shape[1] // 2
        order = values[:, -1:].astype(np.int64)
        return {"splx": values[:, :knots], "sply": values[:, knots : 2 * knots], "spln": order}
    from scipy import stats

    shapes = getattr(stats, form).shapes
    names = (*(shape.strip() for shape in (shapes or "").split(",") if shape.strip()), "loc", "scale")
    return {name: values[:, number : number + 1] for number, name in enumerate(names)}
