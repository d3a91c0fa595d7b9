"""Objects of a release: batches of a raw table to rows of the catalogue, with counts of what was left out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column, column_of_field, field_of_column
from core.sky.positions import placed_rows, within_turn
from pipelines.inputs.rows import open_file_rows
from pipelines.photometry import PhotometryConfiguration, add_magnitudes, photometry_columns
from pipelines.training.cuts import Cuts
from pipelines.training.number_columns import numbers_of, require_columns
from pipelines.training.releases.configuration import InvalidValues, ReleaseConfiguration
from pipelines.training.releases.dust_maps import DustMap, open_dust

__all__ = ["FileCounts", "ReleaseObjects"]

_OBJECTS = "object table"
_ROWS_AT_A_TIME = 262_144
_EBV = Column("ebv", "double", unit="mag", ucd="phot.color.excess", description="Galactic E(B-V) of the dust map.")


@dataclass(slots=True)
class FileCounts:
    """Counts of one file.

    Parameters
    ----------
    filters, cuts
        Rows that each condition removed.
    invalid
        Rows without a valid magnitude, by its column.
    """

    rows: int = 0
    without_position: int = 0
    filters: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)
    kept: int = 0


class ReleaseObjects:
    """Conversion of raw objects; it is sent to the workers of a cluster.

    Parameters
    ----------
    folder
        Folder that paths of the configuration are relative to.
    counts
        Folder for the counts of each file.
    """

    def __init__(self, configuration: ReleaseConfiguration, folder: Path, counts: Path) -> None:
        self._configuration = configuration
        self._folder = folder
        self._counts = counts

    def read(self, path: Path) -> Iterator[pa.Table]:
        """Yield the rows of the catalogue from one file, and store its counts at the end.

        Raises
        ------
        InvalidValueError
            A column is missing, or cannot be used.
        UnreadableFileError
            The file is damaged.
        """
        configuration = self._configuration
        filters = Cuts(configuration.filters, _OBJECTS, "filters")
        cuts = Cuts(configuration.cuts, "catalogue", "cuts")
        found, dust = FileCounts(), self._dust()
        with open_file_rows(path, path.name) as source:
            needed = self._columns(filters)
            require_columns(source.schema.names, needed, _OBJECTS, "columns")
            for batch in source.batches(needed, size=_ROWS_AT_A_TIME):
                table = self._converted(pa.Table.from_batches([batch]), filters, dust, found)
                rows = cuts.kept(table)
                table = table if rows is None else table.take(pa.array(rows))
                found.kept += table.num_rows
                yield table
        found.filters = dict(zip(configuration.filters, filters.left_out, strict=True))
        found.cuts = dict(zip(configuration.cuts, cuts.left_out, strict=True))
        self._store(path, found)

    def schema(self, path: Path) -> pa.Schema:
        """Return the columns of the catalogue."""
        with open_file_rows(path, path.name) as source:
            filters, dust = Cuts(self._configuration.filters, _OBJECTS, "filters"), self._dust()
            needed = self._columns(filters)
            require_columns(source.schema.names, needed, _OBJECTS, "columns")
            none = pa.schema([source.schema.field(name) for name in needed]).empty_table()
        return self._converted(none, filters, dust, FileCounts()).schema

    def _dust(self) -> DustMap | None:
        dust = self._configuration.dust
        return None if dust.kind == "none" else open_dust(dust.kind, self._folder / dust.path, dust.column, dust.scale)

    def _columns(self, filters: Cuts) -> list[str]:
        configuration = self._configuration
        fluxes = photometry_columns(self._photometry(None), configuration.flux_type)
        own = (configuration.id, configuration.ra, configuration.dec, *configuration.columns.values())
        return list(dict.fromkeys([*own, *fluxes, *filters.columns]))

    def _photometry(self, dust: DustMap | None) -> PhotometryConfiguration:
        photometry = self._configuration.photometry
        dereddening = None if dust is None else self._configuration.dereddening()
        return photometry.model_copy(update={"dereddening": dereddening})

    def _converted(self, table: pa.Table, filters: Cuts, dust: DustMap | None, counts: FileCounts) -> pa.Table:
        configuration = self._configuration
        counts.rows += table.num_rows
        rows = filters.kept(table)
        table = table if rows is None else table.take(pa.array(rows))
        ra, dec = (numbers_of(table, name, _OBJECTS) for name in (configuration.ra, configuration.dec))
        placed, found = placed_rows(ra, dec)
        counts.without_position += found.no_position
        table, ra, dec = table.filter(pa.array(placed)), within_turn(ra[placed]), dec[placed]
        if dust is not None:
            ebv = dust.ebv(ra, dec) if len(ra) else np.empty(0)
            table = table.append_column(field_of_column(_EBV), pa.array(ebv, mask=~np.isfinite(ebv)))
        before = table.column_names
        table, _ = add_magnitudes(table, self._photometry(dust), configuration.flux_type)
        computed = [name for name in table.column_names if name not in before]
        columns = {"id": table[configuration.id], "ra": _numbers(ra), "dec": _numbers(dec)}
        fields = [_renamed(table.schema.field(source), name) for name, source in self._positions()]
        for name, source in configuration.columns.items():
            columns[name] = table[source]
            fields.append(_renamed(table.schema.field(source), name))
        if dust is not None and configuration.dust.keep:
            computed = ["ebv", *computed]
        if configuration.keep_fluxes:
            computed = [*photometry_columns(self._photometry(None), configuration.flux_type), *computed]
        for name in computed:
            columns[name] = table[name]
            fields.append(table.schema.field(name))
        for value, error in self._magnitudes():
            _replace_invalid(columns, value, error, configuration.invalid, counts)
        return pa.table(list(columns.values()), schema=pa.schema(fields))

    def _positions(self) -> list[tuple[str, str]]:
        configuration = self._configuration
        return [("id", configuration.id), ("ra", configuration.ra), ("dec", configuration.dec)]

    def _magnitudes(self) -> Iterator[tuple[str, str | None]]:
        photometry, kind = self._configuration.photometry, self._configuration.flux_type
        for band in photometry.bands:
            value, error = (
                text.replace("{band}", band).replace("{flux_type}", kind)
                for text in (photometry.magnitude_column, photometry.magnitude_error_column)
            )
            yield value, error if photometry.error_column is not None else None

    def _store(self, path: Path, found: FileCounts) -> None:
        from dataclasses import asdict
        from hashlib import sha256

        target = self._counts / f"{sha256(str(path).encode()).hexdigest()[:32]}.json"
        staged = target.with_suffix(".part")
        staged.write_text(json.dumps({"file": path.name, **asdict(found)}), "utf-8")
        staged.replace(target)


def _renamed(field: pa.Field, name: str) -> pa.Field:
    column = column_of_field(field)
    if name in {"ra", "dec"}:
        ucd = "pos.eq.ra;meta.main" if name == "ra" else "pos.eq.dec;meta.main"
        return field_of_column(Column(name, "double", unit="deg", ucd=ucd, description=column.description))
    return field.with_name(name)


def _numbers(values: npt.NDArray[np.float64]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def _replace_invalid(
    columns: dict[str, pa.ChunkedArray], value: str, error: str | None, invalid: InvalidValues, counts: FileCounts
) -> None:
    """Replace invalid magnitudes, and the errors of magnitudes that are invalid or are it themselves."""
    magnitudes = _valid(columns[value], invalid)
    counts.invalid[value] = counts.invalid.get(value, 0) + int(np.isnan(magnitudes).sum())
    columns[value] = _filled(magnitudes, invalid)
    if error is not None:
        errors = _valid(columns[error], invalid)
        errors[np.isnan(magnitudes)] = np.nan
        columns[error] = _filled(errors, invalid)


def _valid(column: pa.ChunkedArray, invalid: InvalidValues) -> npt.NDArray[np.float64]:
    values = np.array(pc.fill_null(column, np.nan).to_numpy(), dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    if invalid.limit is not None:
        values[np.abs(values) >= invalid.limit] = np.nan
    return values


def _filled(values: npt.NDArray[np.float64], invalid: InvalidValues) -> pa.ChunkedArray:
    missing = np.isnan(values)
    if invalid.replacement is None:
        return pa.chunked_array([pa.array(values, mask=missing)])
    return pa.chunked_array([pa.array(np.where(missing, invalid.replacement, values))])
