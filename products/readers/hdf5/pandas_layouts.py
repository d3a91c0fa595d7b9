"""The two HDF5 layouts of ``pandas.DataFrame.to_hdf``, read without pandas and PyTables.

``format="fixed"``: for each type of values one block of two dimensions, and its columns' names beside it.
``format="table"``: one compound dataset whose members are such blocks, or single columns ("data columns").
"""

import re
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pyarrow as pa

from products.readers.arrays import text_of
from products.readers.hdf5.columns import Hdf5Column, Hdf5Table, column_of, storage_problem
from products.readers.hdf5.plain_pickles import plain_value

__all__ = ["PICKLED", "is_pandas_group", "pandas_table"]

_SMALL = 1_000_000
_INDEX_LEFT_OUT = "The row index that pandas wrote was left out."
#: Reason for leaving out columns, which are never unpickled.
PICKLED = "Python objects, which pandas pickled"


def is_pandas_group(group: h5py.Group) -> bool:
    """Return whether pandas wrote a table into a group."""
    return _attribute(group, "pandas_type") in {"frame", "frame_table"}


def pandas_table(group: h5py.Group) -> Hdf5Table:
    """Return the columns of a table written by pandas.

    Raises
    ------
    ValueError
        Parts of it are missing or inconsistent.
    """
    return _fixed(group) if _attribute(group, "pandas_type") == "frame" else _table(group)


def _fixed(group: h5py.Group) -> Hdf5Table:
    columns: dict[str, Hdf5Column] = {}
    refused: dict[str, str] = {}
    for number in range(int(group.attrs["nblocks"])):
        names = _names(_dataset(group, f"block{number}_items"))
        values = _dataset(group, f"block{number}_values")
        if "shape" in values.attrs:
            columns |= {name: Hdf5Column(name, values.name, pa.string()) for name in names}
            continue
        reason = PICKLED if _attribute(values, "CLASS") == "VLARRAY" else storage_problem(values)
        if reason or values.ndim != 2 or values.shape[1] != len(names):
            refused |= dict.fromkeys(names, reason or "a block of another shape than its names")
            continue
        kind = _item_type(column_of(names[0], values).arrow_type)
        kind = _time_type(_attribute(values, "value_type")) or kind
        for position, name in enumerate(names):
            columns[name] = Hdf5Column(name, values.name, kind, position=position)
    order = _names(_dataset(group, "axis0"))
    index, notes = _fixed_index(group)
    found = [columns[name] for name in order if name in columns]
    rows = {int(group[column.dataset].shape[0]) for column in found if "shape" not in group[column.dataset].attrs}
    if len(rows) > 1:
        raise ValueError("blocks of different lengths")
    empty = any("shape" in group[column.dataset].attrs for column in found)
    return Hdf5Table(group.name, "pandas fixed", 0 if empty else next(iter(rows), 0), (*index, *found), refused, notes)


def _fixed_index(group: h5py.Group) -> tuple[list[Hdf5Column], tuple[str, ...]]:
    """Return the named levels of the index; a level of a MultiIndex is stored as codes into its values."""
    if "axis1_nlevels" in group.attrs:
        columns = []
        for number in range(int(group.attrs["axis1_nlevels"])):
            level, codes = _dataset(group, f"axis1_level{number}"), _dataset(group, f"axis1_label{number}")
            name = _attribute(level, "name")
            if name and name != "N." and len(level) <= _SMALL:
                categories = _small_array(level)
                columns.append(Hdf5Column(name, codes.name, categories.type, categories=categories))
        return columns, () if columns else (_INDEX_LEFT_OUT,)
    axis = group.get("axis1")
    name = _attribute(axis, "name") if isinstance(axis, h5py.Dataset) else None
    if not name or name == "N." or _attribute(axis, "CLASS") == "VLARRAY":
        return [], (_INDEX_LEFT_OUT,)
    column = column_of(name, axis)
    return [column.renamed(arrow_type=_time_type(_attribute(axis, "kind")) or column.arrow_type)], ()


def _table(group: h5py.Group) -> Hdf5Table:
    dataset = _dataset(group, "table")
    members = [name.decode() for name in _members(dataset)]
    columns: dict[str, Hdf5Column] = {}
    refused: dict[str, str] = {}
    for member in members:
        if member == "index":
            continue
        names = _pickled_names(dataset.attrs.get(f"{member}_kind")) or [member]
        try:
            column = _member_column(dataset, member)
        except TypeError as e:
            refused |= dict.fromkeys(names, str(e))
            continue
        columns |= _members_columns(group, dataset, member, names, column)
    index, notes = _table_index(group, dataset)
    order = _pickled_order(group.attrs.get("non_index_axes"))
    ordered = [name for name in order if name in columns]
    ordered += [name for name in columns if name not in order]
    reason = storage_problem(dataset)
    if reason:
        refused |= dict.fromkeys(ordered, reason)
    found = (*index, *(columns[name] for name in ordered))
    return Hdf5Table(group.name, "pandas table", int(dataset.shape[0]), found, refused, notes)


def _member_column(dataset: h5py.Dataset, member: str) -> Hdf5Column:
    """Return a column of a member; several texts in one member are several columns, not a column of arrays."""
    record = dataset.id.get_type()
    kind = record.get_member_type(record.get_member_index(member.encode()))
    if isinstance(kind, h5py.h5t.TypeArrayID) and isinstance(kind.get_super(), h5py.h5t.TypeStringID):
        return Hdf5Column(member, dataset.name, pa.list_(pa.string(), kind.get_array_dims()[0]), member)
    return column_of(member, dataset, member, record)


def _members_columns(
    group: h5py.Group, dataset: h5py.Dataset, member: str, names: Sequence[str], column: Hdf5Column
) -> dict[str, Hdf5Column]:
    kind = _item_type(column.arrow_type)
    written = _attribute(dataset, f"{member}_dtype")
    kind = _time_type(written) or (pa.bool_() if written == "bool" else kind)
    categories = null_text = None
    if _attribute(dataset, f"{member}_meta") == "category":
        categories = _small_array(_dataset(group, f"meta/{member}/meta/table"), "values")
        kind = categories.type
    elif pa.types.is_string(kind):
        null_text = _attribute(dataset, f"{member}_nan_rep") or "nan"
    # A block of texts is one array of texts a row, for which numpy has a shape and Arrow no list.
    several = len(names) > 1 or pa.types.is_nested(column.arrow_type) or _is_array(dataset, member)
    return {
        name: column.renamed(
            name=name,
            arrow_type=kind,
            position=position if several else None,
            categories=categories,
            null_text=null_text,
        )
        for position, name in enumerate(names)
    }


def _item_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_nested(kind) else kind


def _is_array(dataset: h5py.Dataset, member: str) -> bool:
    kind = dataset.id.get_type()
    return isinstance(kind.get_member_type(kind.get_member_index(member.encode())), h5py.h5t.TypeArrayID)


def _table_index(group: h5py.Group, dataset: h5py.Dataset) -> tuple[list[Hdf5Column], tuple[str, ...]]:
    """Return the index as a column when it has a name; the levels of a MultiIndex are columns of the table already."""
    if _attribute(group, "table_type") == "appendable_multiframe":
        return [], ()
    try:
        info = plain_value(bytes(group.attrs["info"]))
        name = info["index"]["index_name"] if isinstance(info, dict) else None
    except (ValueError, KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not name:
        return [], (_INDEX_LEFT_OUT,)
    column = column_of("index", dataset, "index")
    kind = _time_type(_attribute(dataset, "index_kind")) or column.arrow_type
    return [column.renamed(name=name, arrow_type=kind)], ()


def _dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """Return a dataset of this file; links to other files are not followed."""
    here: h5py.Group = group
    for part in name.split("/"):
        if not isinstance(here, h5py.Group) or not isinstance(here.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"{name} is missing")  # noqa: TRY004 - the file is wrong, not the caller
        here = here[part]
    if not isinstance(here, h5py.Dataset):
        raise ValueError(f"{name} is not an array")  # noqa: TRY004 - the same
    return here


def _members(dataset: h5py.Dataset) -> list[bytes]:
    kind = dataset.id.get_type()
    if not isinstance(kind, h5py.h5t.TypeCompoundID) or dataset.ndim != 1:
        raise ValueError("the table is no compound dataset")
    return [kind.get_member_name(number) for number in range(kind.get_nmembers())]


def _names(dataset: h5py.Dataset) -> list[str]:
    if _attribute(dataset, "CLASS") == "VLARRAY":
        raise ValueError("the names of the columns are pickled")
    if dataset.size is None or dataset.size > _SMALL or "shape" in dataset.attrs:
        return []
    return [str(name) for name in _small_array(dataset).to_pylist()]


def _small_array(dataset: h5py.Dataset, member: str | None = None) -> pa.Array:
    if dataset.size is None or dataset.size > _SMALL or storage_problem(dataset):
        raise ValueError("a part of the table is too large")
    column = column_of("values", dataset, member)
    values = dataset[:] if member is None else dataset.fields(member)[:]
    return text_of(values) if pa.types.is_string(column.arrow_type) else column.array(values, None)


def _pickled_names(attribute: object) -> list[str]:
    try:
        names = plain_value(bytes(attribute)) if isinstance(attribute, bytes) else None
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _pickled_order(attribute: object) -> list[str]:
    try:
        axes = plain_value(bytes(attribute)) if isinstance(attribute, bytes) else None
        return [str(name) for name in axes[0][1]] if isinstance(axes, list) else []
    except (ValueError, IndexError, TypeError):
        return []


def _attribute(item: h5py.HLObject | Mapping[str, object], name: str) -> str | None:
    """Return an attribute that is text, or None for any other type."""
    value = item.attrs.get(name) if isinstance(item, h5py.HLObject) else None
    if isinstance(value, np.bytes_ | bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _time_type(written: str | None) -> pa.DataType | None:
    found = re.match(r"datetime64(?:\[(s|ms|us|ns))?", written or "")
    return pa.timestamp(found[1] or "ns") if found else None
