"""Counts of the rows of a catalogue, of which its report and its warnings are made."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.combine.catalogues.homogenisation import CatalogueRows
from pipelines.combine.catalogues.mapping import CatalogueError
from pipelines.combine.report import CatalogueReport, NumberCounts
from pipelines.inputs.positions import InputPositions, PositionTotals

__all__ = ["CatalogueCounts"]

_Mask = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Range:
    """Bounds of the finite values of a column."""

    count: int = 0
    lowest: float = np.inf
    highest: float = -np.inf

    def add(self, values: _Numbers) -> None:
        there = values[np.isfinite(values)]
        if len(there):
            self.count += len(there)
            self.lowest, self.highest = min(self.lowest, float(there.min())), max(self.highest, float(there.max()))

    @property
    def width(self) -> float:
        return self.highest - self.lowest if self.count else 0.0

    @property
    def looks_like_hours(self) -> bool:
        return self.highest <= 24 and self.lowest < 4 and self.highest > 20


@dataclass(slots=True)
class CatalogueCounts:
    """Counts of the rows of one catalogue, added up part by part.

    Parameters
    ----------
    name
        Its internal name.
    surveys
        Rows of each survey in the order of first rows; those without one have None.
    """

    name: str
    rows: int = 0
    rows_cut: int = 0
    rows_out: int = 0
    surveys: Counter[str | None] = field(default_factory=Counter)
    _z_flag: NumberCounts = field(default_factory=NumberCounts)
    _flags: NumberCounts = field(default_factory=NumberCounts)
    _without_rule: NumberCounts = field(default_factory=NumberCounts)
    _instruments: Counter[str | None] = field(default_factory=Counter)
    _all_positions: PositionTotals = field(default_factory=PositionTotals)
    _positions: PositionTotals = field(default_factory=PositionTotals)
    _ra: _Range = field(default_factory=_Range)
    _dec: _Range = field(default_factory=_Range)
    _without_z: int = 0
    _negative_z: int = 0

    def add(self, rows: CatalogueRows, flags: _Numbers, instruments: pa.Array, above: _Mask) -> None:
        """Count rows by flags, instruments and surveys.

        Parameters
        ----------
        flags, instruments
            The homogenised ones.
        above
            Which rows the quality cut leaves.
        """
        self.rows += len(rows)
        self.rows_cut += int(len(rows) - above.sum())
        self._z_flag.add(rows.z_flag)
        self._flags.add(flags)
        self._without_rule.add(rows.z_flag[np.isnan(flags)])
        _count_texts(self._instruments, instruments)
        _count_texts(self.surveys, rows.survey)
        z = rows.columns["z"].to_numpy(zero_copy_only=False)
        self._without_z += int(np.isnan(z).sum())
        self._negative_z += int(np.sum(z < 0))

    def add_positions(self, ra: _Numbers, dec: _Numbers, all_rows: InputPositions, above: InputPositions) -> None:
        """Count positions of all rows, whose coordinates are given, and of those that the quality cut leaves."""
        self._ra.add(ra)
        self._dec.add(dec)
        self._all_positions += all_rows.totals
        self._positions += above.totals
        self.rows_out += int(above.placed.sum())

    def check(self) -> None:
        """Raise CatalogueError when no row has a flag or an instrument type, or hardly any has a position."""
        if self.rows and self._flags.missing == self.rows:
            raise CatalogueError(self.name, self._why_no_flags())
        if self.rows and self._instruments[None] == self.rows:
            raise CatalogueError(self.name, f"no row gets an instrument type; {self._survey_hint()}")
        if self._all_positions.are_wrong:
            raise CatalogueError(
                self.name,
                f"its columns ra and dec hardly hold positions in degrees. {self._all_positions.sentence} Map other "
                "columns.",
            )

    def report(self) -> CatalogueReport:
        """Return the report, as if all rows that were prepared were in the result."""
        return CatalogueReport(
            internal_name=self.name,
            rows_in=self.rows,
            rows_cut=self.rows_cut,
            rows_without_position=self.rows - self.rows_cut - self.rows_out,
            rows_out=0,
            flags_before=self._z_flag.most_frequent(),
            flags_after=self._flags.most_frequent(),
            instruments=_by_frequency(self._instruments),
            flags_without_rule=self._without_rule.most_frequent(),
        )

    def surveys_by_frequency(self) -> dict[str, int]:
        """Return the rows of each survey, the most frequent first."""
        return _by_frequency(self.surveys)

    def warnings(self, report: CatalogueReport) -> tuple[str, ...]:
        """Return what its owner should look at, one sentence each."""
        return tuple(f"{self.name}: {sentence}" for sentence in self._sentences(report))

    def _sentences(self, report: CatalogueReport) -> Iterable[str]:
        if self._positions.warning is not None:
            yield self._positions.warning
        unruled = sum(report.flags_without_rule.values())
        if unruled:
            yield f"{unruled} rows have a z_flag without a rule ({', '.join(list(report.flags_without_rule)[:5])})."
        if self.rows_cut == self.rows:
            yield "no row is left after the quality cut." if self.rows else "is empty."
        if self._ra.count > 100 and self._ra.looks_like_hours and self._dec.width > 10:
            yield "all right ascensions lie between 0 and 24, as if they were in hours."
        if self._without_z:
            yield f"{self._without_z} rows have no redshift."
        if self._negative_z:
            yield f"{self._negative_z} rows have a negative redshift."

    def _why_no_flags(self) -> str:
        surveys = [name for name in self.surveys if name is not None]
        if not surveys:
            return f"no row gets a homogenised quality flag; {self._survey_hint()}"
        found = self._z_flag.lowest(6)
        values = ", ".join(f"{value:g}" for value in found[:5]) + (", …" if len(found) > 5 else "")
        return (
            f"no row gets a homogenised quality flag, because the rules of {', '.join(surveys)} have none of its "
            f"values of z_flag ({values or 'there is none'})."
        )

    def _survey_hint(self) -> str:
        if any(name is not None for name in self.surveys):
            return "its survey column has no values."
        return "it has no survey that selects the rules: name the column of survey."


def _count_texts(counts: Counter[str | None], texts: pa.Array) -> None:
    counts.update({each["values"]: each["counts"] for each in texts.value_counts().to_pylist()})


def _by_frequency(counts: Mapping[str | None, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0] or ""))
    return {text or "missing": count for text, count in ordered}
