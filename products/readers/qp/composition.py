"""Composition of the column of densities from the columns of another reader: one array for each object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.readers.base import FileReader
from products.readers.errors import DamagedFileError
from products.readers.qp.decoding import Decoder, decoder_of
from products.readers.qp.forms import FormLayout, layout_of

__all__ = [
    "Composition",
    "EnsembleArrays",
    "StoredArrays",
    "array_width",
    "ensemble_arrays",
    "has_arithmetic",
    "matrix_of",
]


class Composition(Protocol):
    """Protocol of what makes the arrays of densities."""

    @property
    def form(self) -> DensityForm:
        """The form of the arrays."""

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the arrays."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns of the reader of which the arrays are made."""

    @property
    def replaced(self) -> tuple[str, ...]:
        """Columns of the reader whose place the column of densities takes."""

    @property
    def words(self) -> str:
        """The form in words, for descriptions."""

    def arrays(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Return the arrays of a batch, given its columns."""


@dataclass(frozen=True, slots=True)
class StoredArrays:
    """`Composition` of a column whose metadata say that its arrays are densities."""

    form: DensityForm
    type: pa.DataType
    column: str
    words: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.column,)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.column,)

    def arrays(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Return the column."""
        return columns[self.column]


@dataclass(frozen=True, slots=True)
class EnsembleArrays:
    """`Composition` of the parameters of a qp ensemble."""

    name: str
    layout: FormLayout
    type: pa.DataType
    words: str
    decoder: Decoder | None = None

    @property
    def form(self) -> DensityForm:
        """The form of the arrays."""
        return self.layout.form

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the parameters."""
        return self.layout.columns

    @property
    def replaced(self) -> tuple[str, ...]:
        """The columns of the parameters."""
        return self.layout.columns

    def arrays(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Return the parameters of each object one after the other, or its decoded density."""
        parameters = self.layout.parameters
        rows = len(columns[self.sources[0]])
        if self.decoder is None and len(parameters) == 1 and columns[self.sources[0]].type == self.type:
            return columns[self.sources[0]]
        matrices = {
            each.name: np.full((rows, 1), each.default)
            if each.column is None
            else matrix_of(columns[each.column], each.width, each.name, self.name)
            for each in parameters
        }
        whole = self._decoded(matrices) if self.decoder else np.concatenate([*matrices.values()], axis=1)
        values = np.ascontiguousarray(whole, self.type.value_type.to_pandas_dtype())
        return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), type=self.type)

    def _decoded(self, matrices: Mapping[str, np.ndarray]) -> np.ndarray:
        try:
            return self.decoder(matrices) if self.decoder else np.empty(0)
        except (ValueError, IndexError, KeyError, TypeError) as e:
            raise DamagedFileError(
                f"The densities in {self.name} cannot be decoded from the form {self.layout.stored_as}: the file is "
                "damaged. Check that qp reads it, then send it again."
            ) from e


def ensemble_arrays(reader: FileReader) -> EnsembleArrays | None:
    """Return what makes the arrays of densities of a qp ensemble; None if there is no arithmetic for its form.

    Raises
    ------
    DamagedFileError
        The tables of the ensemble contradict each other.
    """
    tables = reader.ensemble
    if tables is None:
        return None
    names = [column for column in tables.data.values() if column in reader.schema.names]
    for parameter, column in tables.data.items():
        if column in names and not _is_numeric(reader.schema.field(column).type):
            raise DamagedFileError(
                f"The parameter {parameter} of the densities in {reader.name} does not hold numbers."
            )
    widths = {column: array_width(reader, column) for column in names}
    layout = layout_of(tables, reader.name, widths)
    if layout is None or not has_arithmetic(layout.form):
        return None
    decoder = None
    if layout.decoded:
        try:
            decoder = decoder_of(layout.stored_as, tables)
        except (ValueError, KeyError, IndexError, TypeError) as e:
            raise DamagedFileError(
                f"The densities in {reader.name} cannot be decoded from the form {layout.stored_as}: the values in "
                f"meta are missing or impossible ({e})."
            ) from e
    items = {_item_type(reader.schema.field(column).type) for column in layout.columns}
    single = items == {pa.float32()} and all(each.column for each in layout.parameters)
    item = pa.float32() if single and not layout.decoded else pa.float64()
    return EnsembleArrays(reader.name, layout, pa.list_(item, layout.form.size), _words(layout), decoder)


def has_arithmetic(form: DensityForm) -> bool:
    """Return whether densities of a form can be evaluated; some distributions of scipy take too long."""
    try:
        Densities(form, np.ones((1, form.size)))
    except ValueError:
        return False
    return True


def array_width(reader: FileReader, column: str) -> int:
    """Return the number of values that a column has for one object; of lists, in the first row that has any."""
    kind = reader.schema.field(column).type
    if not pa.types.is_nested(kind):
        return 1
    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size)
    for batch in reader.batches([column], size=1024):
        longest = pc.max(pc.list_value_length(batch.column(0))).as_py()
        if longest:
            return int(longest)
    return 0


def matrix_of(array: pa.Array, width: int, column: str, name: str) -> np.ndarray:
    """Return an array of numbers or of lists of one length as a matrix; missing rows are NaN.

    Raises
    ------
    DamagedFileError
        Lists have different lengths.
    """
    if not pa.types.is_nested(array.type):
        return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False)).reshape(-1, 1)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    odd = (lengths != width) & (lengths != 0)
    if odd.any():
        raise DamagedFileError(
            f"The shapes of the densities in {name} disagree: an array {column} has {lengths[odd][0]} values where "
            f"others have {width}."
        )
    values = array.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)
    if (lengths == width).all():
        return np.asarray(values).reshape(-1, width)
    matrix = np.full((len(array), width), np.nan)
    matrix[lengths == width] = values.reshape(-1, width)
    return matrix


def _is_numeric(kind: pa.DataType) -> bool:
    item = _item_type(kind)
    return bool(pa.types.is_floating(item) or pa.types.is_integer(item))


def _item_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_nested(kind) else kind


def _words(layout: FormLayout) -> str:
    decoded = f", decoded from {layout.stored_as}" if layout.decoded else ""
    return f"form {layout.form.name}{decoded}"
