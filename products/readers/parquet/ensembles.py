"""Reader of a qp ensemble in Parquet: an archive of the files that qp writes, one each for meta, data and ancil."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from products.readers.base import EnsembleTables, FileReader, ReadLimits
from products.readers.errors import DamagedFileError
from products.readers.formats import PARQUET
from products.readers.parquet.reader import ParquetReader

__all__ = ["ParquetEnsembleReader", "ensemble_parts"]

_PART = re.compile(r"(.*?)(meta|data|ancil)\.(pq|parq|parquet)", re.IGNORECASE)


def ensemble_parts(names: Sequence[str]) -> dict[str, str]:
    """Return which members of an archive are the parts of an ensemble: ``meta``, ``data`` and perhaps ``ancil``.

    qp names them alike but for the part, as in ``pzmeta.pq`` and ``pzdata.pq``. Nothing is returned unless all tables
    of the archive belong to one ensemble.
    """
    found: dict[str, str] = {}
    stems = set()
    for name in names:
        part = _PART.fullmatch(PurePosixPath(name).name)
        if part is None or part[2].lower() in found:
            return {}
        stems.add(part[1])
        found[part[2].lower()] = name
    return found if {"meta", "data"} <= found.keys() and len(stems) == 1 else {}


class ParquetEnsembleReader(FileReader):
    """Reader of the parts of an ensemble, side by side.

    Parameters
    ----------
    parts
        Files of the parts by their names.
    name
        Name of the archive in messages.

    Raises
    ------
    DamagedFileError
        The parts do not belong together.
    """

    format = PARQUET.name

    def __init__(self, parts: Mapping[str, Path], name: str, limits: ReadLimits) -> None:
        with ExitStack() as opened:
            self._data = opened.enter_context(ParquetReader(parts["data"], f"{name} (data)", limits))
            self._ancil = None
            if "ancil" in parts:
                self._ancil = opened.enter_context(ParquetReader(parts["ancil"], f"{name} (ancil)", limits))
            self._open(parts, name, limits)
            self.when_closed(opened.pop_all().close)

    def _open(self, parts: Mapping[str, Path], name: str, limits: ReadLimits) -> None:
        if self._ancil is not None and self._ancil.rows != self._data.rows:
            raise DamagedFileError(
                f"The parts of the ensemble in {name} disagree: ancil has {self._ancil.rows} rows, and data "
                f"{self._data.rows}. Write them again with qp."
            )
        columns = {column: f"data/{column}" for column in self._data.schema.names}
        self._names = {inside: column for column, inside in columns.items()}
        fields = list(self._ancil.schema) if self._ancil else []
        fields += [field.with_name(columns[field.name]) for field in self._data.schema]
        FileReader.__init__(
            self, name, pa.schema(fields), limits=limits, rows=self._data.rows,
            left_out=self._ancil.left_out if self._ancil else {},
            details={"layout": "qp ensemble", "parts": sorted(parts)},
        )  # fmt: skip
        with ParquetReader(parts["meta"], f"{name} (meta)", limits) as meta:
            shared = next(meta.batches(size=1))
            arrays = {field.name: _values(array) for field, array in zip(shared.schema, shared.columns, strict=True)}
        self.ensemble = EnsembleTables(arrays, columns, self._data.left_out)

    def _read(self, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        wanted = [self._names[name] for name in schema.names if name in self._names]
        beside = [name for name in schema.names if name not in self._names]
        readers = [(self._data, wanted)] if wanted or self._ancil is None else []
        readers += [(self._ancil, beside)] if beside and self._ancil is not None else []
        size = min(reader.batch_rows(names, size) for reader, names in readers)
        for batches in zip(*(_even(reader.batches(names, size=size), size) for reader, names in readers), strict=True):
            arrays: dict[str, pa.Array] = {}
            for (reader, _), batch in zip(readers, batches, strict=True):
                inside = "data/" if reader is self._data else ""
                arrays |= {
                    f"{inside}{name}": array for name, array in zip(batch.schema.names, batch.columns, strict=True)
                }
            yield pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _even(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of one size, but for the last: readers break them where row groups end."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= size:
            whole = pa.Table.from_batches(waiting).combine_chunks().to_batches()[0]
            yield whole.slice(0, size)
            waiting, rows = [whole.slice(size)], rows - size
    if rows:
        yield pa.Table.from_batches(waiting).combine_chunks().to_batches()[0]


def _values(array: pa.Array) -> np.ndarray:
    flat = array.flatten() if pa.types.is_nested(array.type) else array
    return np.asarray(flat.to_numpy(zero_copy_only=False))
