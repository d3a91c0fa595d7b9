"""Columns of probability densities in a VOTable: the GROUPs that join a FIELD to the PARAMs with its form and grid."""

from collections.abc import Mapping
from typing import Protocol

from core.columns import DENSITY_UTYPE
from core.votable.densities import density_of_parameters

__all__ = ["DensityGroups"]


class _Field(Protocol):
    arraysize: str | None
    meanings: dict[str, str]


class DensityGroups:
    """Parser of the GROUPs of a table that describe densities, fed with its elements."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, str]] = {}
        self._references: list[str] | None = None

    def start(self, tag: str, parent: str, attrs: Mapping[str, str]) -> None:
        """Handle the beginning of a PARAM, a GROUP, or a reference in it."""
        utype = attrs.get("utype", "")
        if tag == "PARAM" and parent == "TABLE" and utype.startswith(f"{DENSITY_UTYPE}."):
            self._values[attrs.get("ID", "")] = (utype, attrs.get("value", ""))
        elif tag == "GROUP" and parent == "TABLE":
            self._references = [] if utype == DENSITY_UTYPE else None
        elif tag in {"FIELDref", "PARAMref"} and self._references is not None:
            self._references.append(attrs.get("ref", ""))

    def end(self, fields: Mapping[str, _Field]) -> None:
        """Handle the end of a GROUP: describe its column.

        Parameters
        ----------
        fields
            The columns by their identifiers.
        """
        references, self._references = self._references or [], None
        values = dict(self._values[reference] for reference in references if reference in self._values)
        for reference in references:
            if (column := fields.get(reference)) is not None and (
                density := density_of_parameters(values, column.arraysize)
            ):
                column.meanings["density"] = density
