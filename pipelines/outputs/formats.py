"""Table of output formats, with their names in configurations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InvalidValueError
from pipelines.outputs.delimited import write_csv
from pipelines.outputs.fits import write_fits
from pipelines.outputs.hdf5 import write_hdf5
from pipelines.outputs.parquet import write_parquet
from pipelines.outputs.stored_tables import ResultTable, StoredTable, link_parquet
from pipelines.outputs.votable import write_votable
from products.readers.formats import CSV, ECSV, FITS, HDF5, PARQUET, VOTABLE, FileFormat

__all__ = [
    "OUTPUT_FORMATS",
    "OUTPUT_LABELS",
    "OutputFormat",
    "checked_output_name",
    "output_format_of",
    "output_name_for",
    "write_table",
]


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """An output format that writes a table as one file.

    Parameters
    ----------
    file_format
        The format in the table of readers.
    write
        Writes a table to a path, in memory or on disk, without reading one on disk as a whole.
    other_names
        Further names in configurations.
    inputs
        Input formats for which this is the output format of ``specz``.
    details
        Details that a reader reports of such a file, besides its format.
    """

    file_format: FileFormat
    write: Callable[[ResultTable, Path], None]
    other_names: tuple[str, ...] = ()
    inputs: tuple[FileFormat, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the format in configurations."""
        return self.file_format.name.lower()

    @property
    def extension(self) -> str:
        """Ending of the files, with its dot."""
        return self.file_format.extensions[0]


def _write_parquet(table: ResultTable, path: Path) -> None:
    if isinstance(table, StoredTable):
        link_parquet(table, path)
    else:
        write_parquet(table, path)


#: Every format of a file that pipelines write, by its name in configurations.
OUTPUT_FORMATS: Mapping[str, OutputFormat] = {
    known.name: known
    for known in (
        OutputFormat(PARQUET, _write_parquet, ("pq",), (PARQUET,)),
        OutputFormat(CSV, write_csv, (), (CSV, ECSV), {"delimiter": ",", "has_header": True}),
        OutputFormat(FITS, write_fits, ("fit",), (FITS,), {"hdu": 1}),
        OutputFormat(HDF5, write_hdf5, ("h5", "hf5"), (HDF5,)),
        OutputFormat(VOTABLE, write_votable, ("vot", "xml"), (VOTABLE,)),
    )
}

#: Words for every name that a configuration may ask for; a HATS catalogue is a folder, which `write_hats` writes.
OUTPUT_LABELS: Mapping[str, str] = {
    **{name: known.file_format.name for name, known in OUTPUT_FORMATS.items()},
    "hats": "HATS (zip)",
}

_BY_WORD = {word: known for name, known in OUTPUT_FORMATS.items() for word in (name, *known.other_names)}
_FOR_INPUTS = {each.name: name for name, known in OUTPUT_FORMATS.items() for each in known.inputs}


def output_format_of(name: str) -> OutputFormat:
    """Return the format for a name that a user gave.

    Raises
    ------
    InvalidValueError
        When no format has that name.
    """
    try:
        return _BY_WORD[name.strip().lower().lstrip(".")]
    except KeyError:
        raise InvalidValueError(
            f"There is no output format '{name}'; choose one of {', '.join(_BY_WORD)}.", field="output_format"
        ) from None


def output_name_for(file_format: str | None) -> str:
    """Return the name of the output format that corresponds to an input format, or that of Parquet."""
    return _FOR_INPUTS.get(file_format or "", "parquet")


def checked_output_name(name: str) -> str:
    """Return a name of `OUTPUT_LABELS` back, or raise ValueError."""
    if name not in OUTPUT_LABELS:
        *names, last = (f"'{known}'" for known in OUTPUT_LABELS)
        message = f"Input should be {', '.join(names)} or {last}"
        raise ValueError(message)
    return name


def write_table(table: ResultTable, path: Path, output_format: OutputFormat) -> None:
    """Write a table; units, UCDs and descriptions on its fields are kept in every format but CSV, which has no place.

    Missing values are empty in CSV, null in Parquet and VOTable, and the markers of `outputs.cells` in FITS and HDF5.
    The file appears under its name when it is complete.

    Raises
    ------
    InvalidValueError
        When a column is of a type that the format cannot hold.
    """
    staged = path.with_name(f".{path.name}.part")
    try:
        output_format.write(table, staged)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
