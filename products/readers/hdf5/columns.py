"""Columns of HDF5 tables: the location of their values, and the conversion of slices to Arrow arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from products.readers.arrays import array_of, arrow_type_of, text_of
from products.readers.column_checks import COMPLEX

__all__ = ["Hdf5Column", "Hdf5Table", "column_of", "read_slice", "storage_problem"]

_BIGGEST_CHUNK = 256_000_000


@dataclass(frozen=True, slots=True)
class Hdf5Column:
    """One column of an HDF5 table.

    Parameters
    ----------
    dataset
        Path of the dataset that holds the values.
    member
        Name of the member of a compound dataset.
    position
        Number of the column in a two-dimensional dataset, or in a member that is an array.
    categories
        Texts of which the values are codes, as in categorical columns of pandas.
    null_text
        Text that represents a missing value.
    mask
        Name of the member that is true where the value is missing.
    """

    name: str
    dataset: str
    arrow_type: pa.DataType
    member: str | None = None
    position: int | None = None
    categories: pa.Array | None = None
    null_text: str | None = None
    mask: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    def array(self, values: np.ndarray, mask: np.ndarray | None) -> pa.Array:
        """Convert a slice of the values."""
        if self.position is not None:
            values = values[:, self.position]
        elif values.ndim > 1 and not pa.types.is_nested(self.arrow_type):
            values = values.reshape(-1)
        if self.categories is not None:
            codes = values.astype(np.int64, copy=False)
            missing = (codes < 0) | (codes >= len(self.categories))
            return pc.take(self.categories, pa.array(codes, mask=missing))
        if values.dtype.kind == "O":
            return _objects(values, self.arrow_type)
        array = array_of(values, self.arrow_type, mask)
        if self.null_text is not None:
            return pc.if_else(pc.equal(array, self.null_text), pa.scalar(None, pa.string()), array)
        return array

    def renamed(self, **changes: Any) -> "Hdf5Column":
        """Return a copy of the column with changed attributes."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Hdf5Table:
    """A table in an HDF5 file.

    Parameters
    ----------
    layout
        Name of the layout: ``pandas fixed``, ``pandas table``, ``compound dataset``, ``group of arrays``, …
    refused
        Columns that cannot be read, each with a reason.
    notes
        Sentences for the uploader.
    meta
        Of a qp ensemble: path of the group with what all its objects share.
    parameters
        Of a qp ensemble: the columns with the parameters of the densities, by their names in qp.
    """

    path: str
    layout: str
    rows: int
    columns: tuple[Hdf5Column, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    meta: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def column_of(
    name: str, dataset: h5py.Dataset, member: str | None = None, record: h5py.h5t.TypeCompoundID | None = None
) -> Hdf5Column:
    """Return a column from a dataset with one row for each row of the table, or from a member of such a dataset.

    Parameters
    ----------
    record
        Type of the dataset, for callers that ask for many of its members: to read it takes time for each member.

    Raises
    ------
    TypeError
        For types that columns cannot have, which the message names.
    """
    kind = record or dataset.id.get_type()
    if member is not None:
        kind = kind.get_member_type(kind.get_member_index(member.encode()))
    dtype = _numpy_type(kind)
    if member is None and dataset.ndim > 1:
        # Dimensions of size 1 are none, also for objects, which numpy puts into no array type.
        sizes = tuple(size for size in dataset.shape[1:] if size != 1)
        dtype = np.dtype((dtype, sizes)) if sizes else dtype
    return Hdf5Column(name, dataset.name, _arrow_type(kind, dtype), member)


def read_slice(dataset: h5py.Dataset, members: list[str], first: int, last: int) -> Mapping[str | None, np.ndarray]:
    """Return a slice of the rows of a dataset: by member where it is compound, else under the key None.

    The type in memory is that of the file, so that members which numpy cannot express are skipped.
    """
    if not members:
        return {None: dataset[first:last]}
    stored = dataset.id.get_type()
    kinds = [stored.get_member_type(stored.get_member_index(member.encode())) for member in members]
    dtype = np.dtype([(member, _numpy_type(kind)) for member, kind in zip(members, kinds, strict=True)])
    offsets = [offset for _, offset, *_ in (dtype.fields or {}).values()]
    wanted = h5py.h5t.create(h5py.h5t.COMPOUND, dtype.itemsize)
    for member, offset, kind in zip(members, offsets, kinds, strict=True):
        wanted.insert(member.encode(), offset, kind)
    rows = np.empty(last - first, dtype)
    space = dataset.id.get_space()
    space.select_hyperslab((first,), (last - first,))
    dataset.id.read(h5py.h5s.create_simple((last - first,)), space, rows, wanted)
    return {member: rows[member] for member in members}


def storage_problem(dataset: h5py.Dataset) -> str | None:
    """Return the reason why the values of a dataset cannot be read, or None."""
    if dataset.external or dataset.is_virtual:
        return "its values lie in other files"
    if (
        dataset.chunks
        and int(np.prod(dataset.chunks, dtype=object)) * dataset.id.get_type().get_size() > _BIGGEST_CHUNK
    ):
        return f"its values are stored in blocks larger than {_BIGGEST_CHUNK // 1_000_000} MB"
    filters = dataset.id.get_create_plist()
    for number in range(filters.get_nfilters()):
        code = filters.get_filter(number)[0]
        if not h5py.h5z.filter_avail(code):
            name = filters.get_filter(number)[3].decode("ascii", "replace") or str(code)
            return f"its values are compressed by {name}; use gzip instead"
    return None


def _numpy_type(kind: h5py.h5t.TypeID) -> np.dtype:
    try:
        dtype: np.dtype = kind.dtype
    except TypeError as e:
        raise TypeError("a type that numpy does not have") from e
    return dtype


def _arrow_type(kind: h5py.h5t.TypeID, dtype: np.dtype) -> pa.DataType:
    inner = kind.get_super() if isinstance(kind, h5py.h5t.TypeArrayID) else kind
    if isinstance(inner, h5py.h5t.TypeBitfieldID) and inner.get_size() == 1:
        # PyTables stores booleans as bit fields of one byte.
        base = pa.bool_()
        return pa.list_(base, dtype.subdtype[1][0]) if dtype.subdtype and len(dtype.subdtype[1]) == 1 else base
    if dtype.kind == "O":
        return _object_type(dtype)
    if dtype.kind == "c" or (dtype.subdtype and dtype.subdtype[0].kind == "c"):
        raise TypeError(COMPLEX)
    if dtype.kind == "V" and dtype.subdtype is None:
        raise TypeError("records within records")
    return arrow_type_of(dtype)


def _object_type(dtype: np.dtype) -> pa.DataType:
    if h5py.check_string_dtype(dtype) is not None:
        return pa.string()
    items = h5py.check_vlen_dtype(dtype)
    if items is not None and items.kind in "biuf":
        return pa.list_(arrow_type_of(items))
    raise TypeError("references or objects")


def _objects(values: np.ndarray, arrow_type: pa.DataType) -> pa.Array:
    if pa.types.is_string(arrow_type):
        return text_of(values)
    return pa.array(values.tolist(), arrow_type)
