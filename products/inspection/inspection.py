"""Result of an inspection, and its JSON form in the database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from core.columns import Column
from products.inspection.column_statistics import ColumnStatistics
from products.inspection.estimates import DensityFindings
from products.inspection.footprint import DensityMap
from products.inspection.guesses import Guess
from products.inspection.meanings import Meanings
from products.inspection.missing_values import MissingValue
from products.inspection.photometry import UcdGuess
from products.inspection.position_forms import PositionForm
from products.inspection.preview import Cell
from products.inspection.ranges import Ranges
from products.inspection.redshifts import RedshiftHistogram
from products.readers.base import TableChoice

__all__ = [
    "ColumnStatistics",
    "DensityFindings",
    "DensityMap",
    "Inspection",
    "MissingValue",
    "Ranges",
    "RedshiftHistogram",
]


@dataclass(frozen=True, slots=True)
class Inspection:
    """Result of the inspection of a table.

    Parameters
    ----------
    columns
        Columns with their final types: text is ``char`` when all of it is ASCII.
    guesses
        All plausible meanings of columns, the best first.
    ucd_guesses
        Guessed UCDs of columns without a UCD or one of these meanings, such as magnitudes.
    missing_values
        Values that seem to stand for missing ones; they are values until the owner decides.
    meanings
        The columns used as position and redshift.
    preview
        The first ten rows, column by column.
    moc
        Footprint of the rows with a position, as an ASCII MOC (IVOA MOC 2.0 §4.3.2) of order 10 at most.
    sky_area_deg2
        Area of that MOC in square degrees.
    notes
        Sentences for the uploader.
    position_forms
        The forms of positions that were recognised, the best first.
    derived_from, derived_columns
        The form from which positions were derived, and the columns with them; none where none were derived.
    tables
        The tables of the file, of which this one is read.
    densities
        What is known of the probability densities, if the table has a column of them.
    """

    rows: int
    columns: tuple[Column, ...]
    statistics: Mapping[str, ColumnStatistics]
    guesses: tuple[Guess, ...] = ()
    ucd_guesses: tuple[UcdGuess, ...] = ()
    missing_values: tuple[MissingValue, ...] = ()
    meanings: Meanings = field(default_factory=Meanings)
    ranges: Ranges = field(default_factory=Ranges)
    preview: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    moc: str | None = None
    sky_area_deg2: float | None = None
    redshift_histogram: RedshiftHistogram | None = None
    density_map: DensityMap | None = None
    notes: tuple[str, ...] = ()
    position_forms: tuple[PositionForm, ...] = ()
    derived_from: PositionForm | None = None
    derived_columns: tuple[str, ...] = ()
    tables: tuple[TableChoice, ...] = ()
    densities: DensityFindings | None = None

    def to_json(self) -> str:
        """Return the inspection as JSON."""
        return json.dumps(self, default=_values, allow_nan=False, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Inspection":
        """Return an inspection from the JSON of ``to_json``."""
        found = json.loads(text)
        histogram, density = found["redshift_histogram"], found["density_map"]
        return cls(
            rows=found["rows"],
            columns=tuple(Column(**column) for column in found["columns"]),
            statistics={name: ColumnStatistics.from_object(item) for name, item in found["statistics"].items()},
            guesses=tuple(Guess(**guess) for guess in found["guesses"]),
            ucd_guesses=tuple(UcdGuess(**guess) for guess in found["ucd_guesses"]),
            missing_values=tuple(MissingValue(**each) for each in found.get("missing_values", ())),
            meanings=Meanings(**found["meanings"]),
            ranges=Ranges(**found["ranges"]),
            preview={name: tuple(values) for name, values in found["preview"].items()},
            moc=found["moc"],
            sky_area_deg2=found["sky_area_deg2"],
            redshift_histogram=histogram
            and RedshiftHistogram(tuple(histogram["edges"]), tuple(histogram["counts"]), histogram["beyond"]),
            density_map=density and DensityMap(density["order"], tuple(density["cells"]), tuple(density["counts"])),
            notes=tuple(found["notes"]),
            position_forms=tuple(PositionForm.from_object(form) for form in found.get("position_forms", ())),
            derived_from=PositionForm.from_object(form) if (form := found.get("derived_from")) else None,
            derived_columns=tuple(found.get("derived_columns", ())),
            tables=tuple(TableChoice(**item) for item in found.get("tables", ())),
            densities=DensityFindings.from_object(item) if (item := found.get("densities")) else None,
        )


def _values(value: object) -> dict[str, object]:
    # dataclasses.asdict copies every number of a map.
    if not is_dataclass(value):
        message = f"{type(value).__name__} has no place in an inspection"
        raise TypeError(message)
    return {each.name: getattr(value, each.name) for each in fields(value)}
