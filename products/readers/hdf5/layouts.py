"""Detection of the tables of an HDF5 file in the layouts of pandas, PyTables, astropy, h5py, RAIL and qp.

Only hard links are followed, each object once; links out of the file, virtual datasets and references are not read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import h5py

from products.readers.astropy_metadata import AstropyMetadata, astropy_metadata
from products.readers.hdf5.columns import Hdf5Column, Hdf5Table, column_of, storage_problem
from products.readers.hdf5.pandas_layouts import is_pandas_group, pandas_table

__all__ = ["found_tables"]

_MOST_OBJECTS = 20_000
_MOST_DEPTH = 16
_META = ".__table_column_meta__"


def found_tables(file: h5py.File, name: str) -> tuple[list[Hdf5Table], list[str]]:
    """Return all tables of a file in its order, and sentences about what was skipped."""
    notes: list[str] = []
    return list(_tables(file, name, notes, set(), 0)), notes


def _tables(group: h5py.Group, name: str, notes: list[str], seen: set[int], depth: int) -> Iterator[Hdf5Table]:
    if is_pandas_group(group):
        yield pandas_table(group)
        return
    groups, datasets = _children(group, notes, seen)
    ensemble = _ensemble({child.name.rpartition("/")[2]: child for child in groups})
    if ensemble:
        yield ensemble
        return
    arrays = []
    for dataset in datasets:
        if dataset.name.endswith(_META):
            continue
        if _has_members(dataset):
            if dataset.ndim == 1:
                yield _compound(dataset, name)
        elif dataset.ndim:
            arrays.append(dataset)
    if arrays:
        yield _group_of_arrays(group.name, {_key(array): array for array in arrays}, "group of arrays")
    if depth < _MOST_DEPTH:
        for child in groups:
            yield from _tables(child, name, notes, seen, depth + 1)


def _has_members(dataset: h5py.Dataset) -> bool:
    """Return whether the values are records; h5py stores complex numbers in the same way, which are not records."""
    kind = dataset.id.get_type()
    if not isinstance(kind, h5py.h5t.TypeCompoundID):
        return False
    return [kind.get_member_name(number) for number in range(kind.get_nmembers())] != [b"r", b"i"]


def _children(group: h5py.Group, notes: list[str], seen: set[int]) -> tuple[list[h5py.Group], list[h5py.Dataset]]:
    groups, datasets, linked = [], [], 0
    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            linked += 1
            continue
        child = group[key]
        address = h5py.h5o.get_info(child.id).addr
        # PyTables stores its search indexes in groups of this name.
        if address in seen or len(seen) > _MOST_OBJECTS or key.startswith("_i_"):
            continue
        seen.add(address)
        if isinstance(child, h5py.Group):
            groups.append(child)
        elif isinstance(child, h5py.Dataset):
            datasets.append(child)
    if linked:
        notes.append(f"{linked} links in {group.name} were not followed.")
    return groups, datasets


def _compound(dataset: h5py.Dataset, name: str) -> Hdf5Table:
    kind = dataset.id.get_type()
    members = [kind.get_member_name(number).decode("utf-8", "replace") for number in range(kind.get_nmembers())]
    described = _description(dataset, name)
    # Even without YAML, astropy marks missing values in a member of this name.
    masks = described.masks or {member: f"{member}.mask" for member in members if f"{member}.mask" in members}
    hidden = set(masks.values())
    columns: list[Hdf5Column] = []
    refused: dict[str, str] = {}
    storage = storage_problem(dataset)
    for member in members:
        if member in hidden:
            continue
        try:
            column = column_of(member, dataset, member, kind)
        except TypeError as e:
            refused[member] = str(e)
            continue
        if storage:
            refused[member] = storage
            continue
        columns.append(column.renamed(mask=masks.get(member), meanings=described.meanings(member)))
    return Hdf5Table(dataset.name, "compound dataset", int(dataset.shape[0]), tuple(columns), refused)


def _description(dataset: h5py.Dataset, name: str) -> AstropyMetadata:
    """Return the metadata that astropy writes as YAML beside a table."""
    beside = dataset.name.rpartition("/")[2] + _META
    parent = dataset.parent
    if not isinstance(parent.get(beside, getlink=True), h5py.HardLink):
        return AstropyMetadata()
    lines = parent[beside]
    if not isinstance(lines, h5py.Dataset) or lines.ndim != 1 or lines.dtype.kind != "S" or storage_problem(lines):
        return AstropyMetadata()
    return astropy_metadata(b"\n".join(lines[:].tolist()).decode("utf-8", "replace"), name)


def _group_of_arrays(path: str, arrays: Mapping[str, h5py.Dataset], layout: str, rows: int | None = None) -> Hdf5Table:
    if rows is None:
        rows, _ = Counter(int(array.shape[0]) for array in arrays.values()).most_common(1)[0]
    columns: list[Hdf5Column] = []
    refused: dict[str, str] = {}
    for key, array in arrays.items():
        if array.shape[0] != rows:
            refused[key] = f"{array.shape[0]} values where other arrays have {rows}"
            continue
        if storage := storage_problem(array):
            refused[key] = storage
            continue
        try:
            columns.append(column_of(key, array))
        except TypeError as e:
            refused[key] = str(e)
    return Hdf5Table(path, layout, rows, tuple(columns), refused)


def _ensemble(groups: dict[str, h5py.Group]) -> Hdf5Table | None:
    """Return a qp ensemble of photo-z distributions as a table; it has the groups meta, data and often ancil."""
    meta, data = groups.get("meta"), groups.get("data")
    if meta is None or data is None or "pdf_name" not in meta:
        return None
    ancillary = _arrays_of(groups["ancil"]) if "ancil" in groups else {}
    parameters = _arrays_of(data)
    if not parameters:
        return None
    rows = int(next(iter(parameters.values())).shape[0])
    # Named with their group, so that an ancillary column may have the name of a parameter.
    columns = {key: f"data/{key}" for key in parameters}
    arrays = {**ancillary, **{columns[key]: array for key, array in parameters.items()}}
    table = _group_of_arrays(data.parent.name, arrays, "qp ensemble", rows)
    return replace(table, meta=meta.name, parameters=columns)


def _arrays_of(group: h5py.Group) -> dict[str, h5py.Dataset]:
    arrays = {
        key: group[key]
        for key in group
        if isinstance(group.get(key, getlink=True), h5py.HardLink) and isinstance(group[key], h5py.Dataset)
    }
    return {key: array for key, array in arrays.items() if array.ndim}


def _key(array: h5py.Dataset) -> str:
    return str(array.name.rpartition("/")[2])
