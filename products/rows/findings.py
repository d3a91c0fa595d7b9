"""Findings of one pass over the rows: statistics, sky positions, redshifts and notes for the uploader."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa

from core.columns import Column, column_of_field
from core.photoz.forms import DensityForm
from core.sky.positions import PositionCounts
from products.inspection.column_statistics import ColumnStatistics, StatisticsGatherer
from products.inspection.estimates import DensitySpread, density_sentences, identifier_sentences
from products.inspection.footprint import Footprint
from products.inspection.guesses import guess_meanings
from products.inspection.inspection import Inspection
from products.inspection.meanings import Meanings
from products.inspection.missing_values import missing_sentences, missing_values
from products.inspection.photometry import guess_ucds
from products.inspection.preview import preview_columns
from products.inspection.ranges import Ranges, offending_rows
from products.inspection.redshifts import RedshiftSpread
from products.rows.positions import PositionIndexer, numbers_of

__all__ = ["Findings"]

_PREVIEW_ROWS = 10


class Findings:
    """Accumulator of the findings in the batches of a table, from which its inspection is built.

    Parameters
    ----------
    schema
        Schema of the batches.
    meanings
        The columns of position and redshift.
    """

    def __init__(self, schema: pa.Schema, meanings: Meanings) -> None:
        self._schema, self._meanings = schema, meanings
        self._statistics = StatisticsGatherer(schema)
        self._positions = (
            None if meanings.ra is None or meanings.dec is None else PositionIndexer(meanings.ra, meanings.dec)
        )
        self._footprint = Footprint()
        self._redshifts = RedshiftSpread()
        self._densities = _density_spread(schema)
        self._first: list[pa.RecordBatch] = []
        self.rows = 0

    def index(self, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the HEALPix cells of a batch and which rows have a position, if the table has positions."""
        return None if self._positions is None else self._positions.index(batch)

    def add(self, batch: pa.RecordBatch, places: tuple[np.ndarray, np.ndarray] | None) -> None:
        """Add a batch with the result of ``index`` for it."""
        if self.rows < _PREVIEW_ROWS:
            self._first.append(batch.slice(0, _PREVIEW_ROWS - self.rows))
        self.rows += batch.num_rows
        self._statistics.add(batch)
        if places is not None:
            cells, placed = places
            self._footprint.add(cells if placed.all() else cells[placed])
        if self._meanings.z is not None:
            self._redshifts.add(numbers_of(batch.column(self._meanings.z)))
        if self._densities is not None:
            name, spread = self._densities
            z = self._meanings.z
            spread.add(batch.column(name), None if z is None else numbers_of(batch.column(z)))

    def repetitive(self) -> list[str]:
        """Return the columns whose values repeat often."""
        return self._statistics.repetitive()

    def inspection(self, notes: Sequence[str]) -> Inspection:
        """Return the inspection of all batches."""
        statistics = self._statistics.statistics()
        columns = tuple(_typed(column_of_field(field), statistics[field.name]) for field in self._schema)
        guesses = guess_meanings(columns, statistics)
        ranges, missing = self._ranges(), missing_values(columns, statistics)
        moc = self._footprint.moc()
        densities = None if self._densities is None else self._densities[1].findings()
        return Inspection(
            rows=self.rows,
            columns=columns,
            statistics=statistics,
            guesses=guesses,
            ucd_guesses=guess_ucds(columns),
            missing_values=missing,
            meanings=self._meanings,
            ranges=ranges,
            preview=preview_columns(self._first) if self._first else {},
            moc=None if moc is None else moc[0],
            sky_area_deg2=None if moc is None else moc[1],
            redshift_histogram=self._redshifts.histogram(),
            density_map=self._footprint.density(),
            notes=(
                *notes,
                *(sentence for _, sentence in offending_rows(ranges).values()),
                *missing_sentences(missing),
                *(() if densities is None else density_sentences(densities)),
                *(() if densities is None else identifier_sentences(guesses, statistics)),
            ),
            densities=densities,
        )

    def _ranges(self) -> Ranges:
        counts = PositionCounts() if self._positions is None else self._positions.counts
        return Ranges(**asdict(counts), z_missing=self._redshifts.missing, z_outside=self._redshifts.outside)


def _density_spread(schema: pa.Schema) -> tuple[str, DensitySpread] | None:
    """Return the first column of densities and what accumulates them, if the table has one."""
    for field in schema:
        text = (field.metadata or {}).get(b"density")
        if text is None:
            continue
        try:
            return field.name, DensitySpread(field.name, DensityForm.from_json(text.decode("utf-8", "replace")))
        except ValueError:
            continue
    return None


def _typed(column: Column, known: ColumnStatistics) -> Column:
    """Return a column in which text is ``char`` if all of it is ASCII, else ``unicodeChar``."""
    if not column.is_text or known.ascii is None:
        return column
    return replace(column, datatype="char" if known.ascii else "unicodeChar", arraysize=column.arraysize or "*")
