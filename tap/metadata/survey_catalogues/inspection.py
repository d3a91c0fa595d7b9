"""Inspection of a catalogue: its columns with units, UCDs and descriptions, its position, and its partitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.columns import Column, column_of_field
from core.errors import InvalidValueError, UnreadableFileError
from products.inspection.guesses import guess_meanings
from products.lifecycle.column_descriptions import ColumnDescription
from products.readers import ReadLimits, open_table
from tap.engine import Conversion
from tap.metadata.survey_catalogues.descriptions import described_columns
from tap.metadata.survey_catalogues.listing import DataFiles, data_files
from tap.metadata.survey_catalogues.models import CatalogueColumn, CatalogueContent, CatalogueValues
from tap.metadata.survey_catalogues.places import CatalogueFolder
from tap.metadata.survey_catalogues.properties import CatalogueProperties, catalogue_properties

__all__ = ["inspected_catalogue"]

#: Columns of HATS that tell the partition of a row.
_PARTITION_COLUMNS = frozenset({"norder", "dir", "npix"})
_COPY_BYTES = 1 << 20
_LEAST_SCORE = 0.5
_POSITION_UCDS = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}


def inspected_catalogue(
    folder: CatalogueFolder,
    values: CatalogueValues,
    descriptions: Sequence[ColumnDescription] = (),
    *,
    max_columns: int,
) -> tuple[CatalogueContent, pa.Schema]:
    """Inspect a catalogue; no partition is opened, except for one where the catalogue has no metadata.

    Parameters
    ----------
    descriptions
        Units, UCDs and descriptions that take the place of those of the files.

    Returns
    -------
    What was found, and the schema of the files.

    Raises
    ------
    InvalidValueError
        It is no catalogue that can be a table, or a column of the position does not exist.
    UnreadableFileError
        Its metadata cannot be read.
    """
    properties = catalogue_properties(folder)
    files = data_files(properties)
    stored, described = _schemas(files, max_columns)
    healpix = properties.healpix
    if healpix not in stored.names or not pa.types.is_int64(stored.field(healpix).type):
        healpix = None
    columns, left_out = _columns(stored, described, healpix)
    columns = described_columns(columns, descriptions)
    position = _position(properties, values, columns)
    content = CatalogueContent(
        title=properties.title,
        columns=tuple(_weighted(_placed(columns, position), files.weights)),
        position=position,
        healpix=healpix,
        rows=_rows(properties, files),
        data_root=files.root.url,
        indexes={column: index.url for column, index in properties.indexes.items()},
        left_out=tuple(left_out),
        partitions=files.partitions,
    )
    return content, stored


def _schemas(files: DataFiles, max_columns: int) -> tuple[pa.Schema, pa.Schema]:
    """Return the schema of the files, and the fields that the reader of Parquet describes."""
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / "schema.parquet"
        with files.root.opened(files.schema_file) as source:
            try:
                stored = pq.read_schema(source)
            except (pa.ArrowException, OSError) as e:
                raise UnreadableFileError(f"The schema of the catalogue in {files.schema_file} cannot be read.") from e
        # A file with the schema alone: the reader knows the conventions of metadata of columns.
        pq.write_metadata(stored, copy)
        limits = ReadLimits(max_columns=max_columns, allow_empty=True)
        with open_table(copy, "The schema of the catalogue.parquet", limits=limits) as reader:
            return stored, reader.schema


def _columns(stored: pa.Schema, described: pa.Schema, healpix: str | None) -> tuple[list[CatalogueColumn], list[str]]:
    columns: list[CatalogueColumn] = []
    left_out: list[str] = []
    names: set[str] = set()
    partition = _PARTITION_COLUMNS if {name.lower() for name in stored.names} >= _PARTITION_COLUMNS else frozenset()
    for field in stored:
        if field.name == healpix or field.name.lower() in partition:
            continue
        if field.name.lower() in names:
            left_out.append(f"{field.name}: another column has this name in other case")
            continue
        names.add(field.name.lower())
        known = described.field(field.name) if field.name in described.names else field
        try:
            column = column_of_field(known)
        except TypeError:
            left_out.append(f"{field.name}: values of type {field.type} cannot be in a table")
            continue
        column, conversion = _converted(column, field.type)
        columns.append(CatalogueColumn(column, field.name, conversion, 0.0))
    return columns, left_out


def _converted(column: Column, kind: pa.DataType) -> tuple[Column, Conversion]:
    """Return a column as it is in the table, and the conversion of its values (`products.rows.stored_types`)."""
    if pa.types.is_floating(kind):
        return column, Conversion.NAN
    if pa.types.is_uint64(kind):
        return replace(column, datatype="long"), Conversion.SIGNED
    if pa.types.is_null(kind):
        return replace(column, datatype="unicodeChar", arraysize="*"), Conversion.TEXT
    return column, Conversion.NONE


def _position(
    properties: CatalogueProperties, values: CatalogueValues, columns: list[CatalogueColumn]
) -> tuple[str, str] | None:
    """Return the columns of the position: given, declared, or guessed."""
    names = {item.column.name for item in columns if item.column.is_numeric}
    given = values.ra, values.dec
    if any(given):
        for field, name in zip(("ra", "dec"), given, strict=True):
            if name not in names:
                raise InvalidValueError(f"The catalogue has no column of numbers '{name[:100]}'.", field=field)
        return given
    declared = properties.position
    if declared is not None and names.issuperset(declared):
        return declared
    guesses = guess_meanings([item.column for item in columns], {})
    found = {guess.meaning: guess.column for guess in guesses if guess.score >= _LEAST_SCORE}
    return (found["ra"], found["dec"]) if {"ra", "dec"} <= found.keys() else None


def _placed(columns: list[CatalogueColumn], position: tuple[str, str] | None) -> Iterator[CatalogueColumn]:
    """Yield the columns, those of the position with their unit and UCD where they have none."""
    roles = {} if position is None else dict(zip(position, ("ra", "dec"), strict=True))
    for item in columns:
        role, column = roles.get(item.column.name), item.column
        if role is None:
            yield item
            continue
        column = replace(column, unit=column.unit or "deg", ucd=column.ucd or _POSITION_UCDS[role])
        yield replace(
            item, column=column, conversion=Conversion.FINITE if item.conversion is Conversion.NAN else item.conversion
        )


def _weighted(columns: Iterator[CatalogueColumn], weights: Mapping[str, int]) -> Iterator[CatalogueColumn]:
    total = sum(weights.values())
    items = list(columns)
    for item in items:
        share = weights.get(item.source, 0) / total if total else 1 / len(items)
        yield replace(item, share=share)


def _rows(properties: CatalogueProperties, files: DataFiles) -> int | None:
    rows = files.partitions["rows"]
    if rows.null_count == 0:
        return int(pc.sum(rows).as_py())
    return properties.number("hats_nrows")
