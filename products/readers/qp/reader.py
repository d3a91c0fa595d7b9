"""Reader of tables with densities: the table of another reader, with p(z) as one array column and point estimates."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from core.columns import DENSITY_UTYPE
from core.photoz.forms import DensityForm
from products.readers.base import FileReader
from products.readers.column_checks import described_field
from products.readers.qp.composition import Composition, StoredArrays, ensemble_arrays, has_arithmetic
from products.readers.qp.estimates import PointEstimate, computed_arrays, missing_estimates
from products.readers.qp.forms import form_name
from products.readers.qp.nested import nested_arrays

__all__ = ["DensityReader", "with_densities"]

_UCD = "stat.probability;src.redshift.phot"
_COLUMN = "pz"


class DensityReader(FileReader):
    """Reader of the table of another reader in which the densities are one column.

    Point estimates that the table does not have are computed from the densities: mean, median, mode, standard deviation
    and quantiles.

    Parameters
    ----------
    reader
        The other reader, which is closed with this one.
    column
        Name of the column of densities.
    composition
        What makes its arrays.
    """

    def __init__(self, reader: FileReader, column: str, composition: Composition) -> None:
        self.format = reader.format
        self._reader, self._column, self._composition = reader, column, composition
        form = composition.form
        self._plain = [name for name in reader.schema.names if name not in {column, *composition.replaced}]
        self._computed = {each.name: each for each in missing_estimates(self._plain)}
        schema = pa.schema([
            *(reader.schema.field(name) for name in self._plain),
            *(each.field(column) for each in self._computed.values()),
            self._field(),
        ])  # fmt: skip
        super().__init__(
            reader.name, schema, limits=reader.limits, rows=reader.rows, tables=reader.tables,
            details={**reader.details, "densities": _details(reader, column, form)},
            notes=[*reader.notes, *self._notes()],
        )  # fmt: skip
        self.left_out = reader.left_out
        self.when_closed(reader.close)

    def _field(self) -> pa.Field:
        known: Mapping[bytes, bytes] = {}
        if isinstance(self._composition, StoredArrays):
            known = self._reader.schema.field(self._column).metadata or {}
        description = known.get(
            b"description", f"Probability density of the redshift: {_words(self._composition)}".encode()
        )
        return described_field(
            self._column, self._composition.type, ucd=_UCD, utype=DENSITY_UTYPE,
            description=description.decode("utf-8", "replace"), density=self._composition.form.to_json(),
        )  # fmt: skip

    def _notes(self) -> Iterator[str]:
        number = "" if self._reader.rows is None else f" of {self._reader.rows} objects"
        yield f"The densities p(z){number} are the column {self._column}: {_words(self._composition)}."
        if self._computed:
            yield f"Computed from them, because the file does not have them: {', '.join(self._computed)}."

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        computed = [self._computed[name] for name in schema.names if name in self._computed]
        plain = [name for name in schema.names if name in self._plain]
        composed = bool(computed) or self._column in schema.names
        needed = dict.fromkeys((*plain, *(self._composition.sources if composed else ())))
        for batch in self._reader.batches([*needed], size=size):
            arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
            if composed:
                arrays |= self._densities(arrays, computed)
            yield pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)

    def _densities(self, arrays: Mapping[str, pa.Array], computed: list[PointEstimate]) -> dict[str, pa.Array]:
        """Return the column of densities of a batch, and point estimates that are computed from it."""
        composed = self._composition.arrays(arrays)
        found = {self._column: composed}
        return found | computed_arrays(self._composition.form, composed, computed)


def with_densities(reader: FileReader) -> FileReader:
    """Return the reader of a table with its densities as one column, or the reader itself if it has none.

    Raises
    ------
    DamagedFileError
        The tables of a qp ensemble contradict each other.
    """
    composition: Composition | None
    column = _COLUMN
    try:
        if reader.ensemble is not None:
            composition = ensemble_arrays(reader)
            if composition is None:
                reader.notes = (*reader.notes, _unknown_form(reader))
        elif stored := _stored_arrays(reader):
            composition, column = stored, stored.column
        else:
            composition = nested = nested_arrays(reader)
            column = nested.densities.rpartition(".")[0] if nested else column
        if composition is None:
            return reader
        return DensityReader(reader, _free_name(column, reader, composition), composition)
    except BaseException:
        reader.close()
        raise


def _stored_arrays(reader: FileReader) -> StoredArrays | None:
    """Return the first column whose metadata say that its arrays are densities, if they describe it."""
    for field in reader.schema:
        text = (field.metadata or {}).get(b"density")
        if text is None or not (pa.types.is_list(field.type) or pa.types.is_fixed_size_list(field.type)):
            continue
        try:
            form = DensityForm.from_json(text.decode("utf-8", "replace"))
        except ValueError:
            continue
        width = field.type.list_size if pa.types.is_fixed_size_list(field.type) else form.size
        if width != form.size or not has_arithmetic(form):
            continue
        return StoredArrays(form, field.type, field.name, f"form {form.name}")
    return None


def _free_name(column: str, reader: FileReader, composition: Composition) -> str:
    """Return the name of the column of densities, which no other column has in any case."""
    taken = {name.casefold() for name in reader.schema.names if name not in composition.replaced}
    name, number = column, 1
    while name.casefold() in taken:
        number += 1
        name = f"{column}_{number}"
    return name


def _details(reader: FileReader, column: str, form: DensityForm) -> dict[str, object]:
    """Return what the file said of the densities, with its own names."""
    found: dict[str, object] = {"column": column, "form": form.name, "size": form.size}
    if (tables := reader.ensemble) is not None:
        stored = {"stored_as": form_name(tables, reader.name), "data": [*tables.data], "meta": [*tables.meta]}
        found |= stored
    return found


def _words(composition: Composition) -> str:
    form = composition.form
    if not form.grid:
        return f"{composition.words}, {form.size} parameters for each object"
    what = {"hist": "edges of bins", "quant": "quantiles"}.get(form.name, "redshifts")
    return f"{composition.words} on {len(form.grid)} {what} from {form.grid[0]:g} to {form.grid[-1]:g}"


def _unknown_form(reader: FileReader) -> str:
    tables = reader.ensemble
    form = form_name(tables, reader.name) if tables is not None else ""
    return (
        f"This is a qp ensemble of the form {form}, which the server cannot compute with: its parameters are plain "
        "columns. Convert it to interp, quant, mixmod or hist with qp to have p(z)."
    )
