"""Rows of a VOTable in its FITS serialization (VOTable 1.4 §5.4): the embedded file is read by the reader of FITS."""

import base64
import binascii
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from products.readers.base import ReadLimits
from products.readers.column_checks import NO_VALUES
from products.readers.errors import ColumnTypeError, DamagedFileError

__all__ = ["EmbeddedFits", "fits_batches"]

_NO_SPACES = str.maketrans("", "", string.whitespace)


@dataclass(frozen=True, slots=True)
class EmbeddedFits:
    """A FITS file that arrives as pieces of base64.

    Parameters
    ----------
    extension
        Number of the extension with the rows; the first table by default.
    """

    pieces: Iterable[str]
    extension: int | None = None


def fits_batches(
    source: EmbeddedFits, name: str, limits: ReadLimits, schema: pa.Schema, columns: list[int], size: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a FITS file inside a document.

    Parameters
    ----------
    schema, columns
        The columns wanted, and the index of each in the FITS file: names differ, because those of FITS are ASCII.
    """
    from products.readers.fits.reader import FitsReader

    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.fits"
        with path.open("wb") as file:
            for data in _decoded(source.pieces, name):
                file.write(data)
        chosen = None if source.extension is None else f"HDU {source.extension}"
        with FitsReader(path, name, limits, chosen) as reader:
            if len(reader.stored_names) <= max(columns, default=0):
                raise DamagedFileError(f"The FITS file inside {name} has other columns than its fields declare.")
            names = [reader.stored_names[number] for number in columns]
            stored = [key for key in names if key not in reader.left_out]
            if refused := [key for key in names if reader.left_out.get(key, NO_VALUES) != NO_VALUES]:
                raise ColumnTypeError(
                    f"The column {refused[0]} of the FITS file inside {name} cannot be read "
                    f"({reader.left_out[refused[0]]}). Leave it out and send the file again."
                )
            for batch in reader.batches(stored, size=size):
                arrays = [
                    _cast(batch.column(key), field, name)
                    if key in stored
                    else pa.array([[]] * batch.num_rows, field.type)
                    for key, field in zip(names, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _decoded(pieces: Iterable[str], name: str) -> Iterator[bytes]:
    left = ""
    try:
        for piece in pieces:
            text = left + piece.translate(_NO_SPACES)
            whole = len(text) // 4 * 4
            left = text[whole:]
            yield base64.b64decode(text[:whole], validate=True)
        yield base64.b64decode(left, validate=True)
    except (binascii.Error, ValueError) as e:
        raise DamagedFileError(f"The rows of {name} are not base64: send it again.") from e


def _cast(array: pa.Array, field: pa.Field, name: str) -> pa.Array:
    try:
        return array.cast(field.type)
    except pa.ArrowException as e:
        message = f"The FITS file inside {name} has other values for {field.name} than its field declares."
        raise DamagedFileError(message) from e
