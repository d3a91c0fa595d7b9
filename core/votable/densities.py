"""Form and grid of a column of probability densities in a VOTable: PARAMs, and a GROUP that joins them to the FIELD.

The PARAMs are children of the TABLE, where all readers look for them (STILTS and TOPCAT show them as parameters of the
table); the GROUP says to which column they belong (VOTable 1.4 §4.9).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.columns import DENSITY_UTYPE, Column
from core.photoz.forms import DensityForm, size_on_grid

__all__ = ["FORM_UTYPE", "GRID_UTYPE", "DensityParameter", "density_of_parameters", "density_parameters"]

#: UTypes of the PARAMs.
FORM_UTYPE = f"{DENSITY_UTYPE}.form"
GRID_UTYPE = f"{DENSITY_UTYPE}.grid"

_GRIDS = {
    "interp": ("src.redshift", "Redshifts of the values of each array"),
    "hist": ("src.redshift", "Edges of the bins of the values of each array"),
    "quant": ("stat.probability", "Probabilities of which each array has the redshifts"),
}


@dataclass(frozen=True, slots=True)
class DensityParameter:
    """A PARAM about a column of densities: its attributes in VOTable, and its description."""

    attributes: Mapping[str, str | None]
    description: str


def density_parameters(column: Column, number: int) -> Iterator[DensityParameter]:
    """Yield the PARAMs about a column of densities; none for metadata that describe no form.

    Parameters
    ----------
    number
        Number of the column in its table, for the identifiers.
    """
    try:
        form = DensityForm.from_json(column.density or "")
    except ValueError:
        return
    yield DensityParameter(
        {
            "ID": f"column{number}_form",
            "name": f"{column.name}_form",
            "datatype": "char",
            "arraysize": "*",
            "utype": FORM_UTYPE,
            "ucd": "meta.code",
            "value": form.name,
        },
        f"Form of the densities in {column.name}, in the terms of qp",
    )
    if form.grid:
        ucd, words = _GRIDS.get(form.name, ("src.redshift", "What all arrays share"))
        yield DensityParameter(
            {
                "ID": f"column{number}_grid",
                "name": f"{column.name}_grid",
                "datatype": "double",
                "arraysize": str(len(form.grid)),
                "utype": GRID_UTYPE,
                "ucd": ucd,
                "value": " ".join(map(repr, form.grid)),
            },
            f"{words} in {column.name}",
        )


def density_of_parameters(values: Mapping[str, str], arraysize: str | None) -> str | None:
    """Return the metadata of a column of densities, given the values of its PARAMs by utype, or None.

    Parameters
    ----------
    arraysize
        Size of the arrays, which forms without a grid need; where it varies, a form with a grid has the size of that.
    """
    name = values.get(FORM_UTYPE)
    if name is None or arraysize is None:
        return None
    try:
        grid = tuple(float(value) for value in values.get(GRID_UTYPE, "").split())
        size = int(arraysize) if arraysize.isdigit() else size_on_grid(name, len(grid))
        return None if size is None else DensityForm(name, size, grid).to_json()
    except ValueError:
        return None
