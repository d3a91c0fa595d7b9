"""Columns of arrays as nested columns: frames of nested-pandas, and lazy catalogues of LSDB that are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lsdb
    import pyarrow as pa
    from nested_pandas import NestedFrame

__all__ = ["nested_catalog", "nested_frame"]


def nested_frame(table: pa.Table) -> NestedFrame:
    """Return a table as a nested frame; a column of arrays becomes a nested column with the field ``value``.

    Raises
    ------
    ImportError
        nested-pandas is not installed.
    """
    import pandas as pd

    try:
        from nested_pandas import NestedFrame
    except ImportError as e:
        message = "nested-pandas is not installed: pip install nested-pandas"
        raise ImportError(message) from e
    return _nested(NestedFrame(table.to_pandas(types_mapper=pd.ArrowDtype)))


def nested_catalog(catalog: lsdb.Catalog) -> lsdb.Catalog:
    """Return a catalogue whose columns of arrays are nested when a partition is computed; see `nested_frame`."""
    return catalog.map_partitions(_nested, meta=_nested(catalog.meta))


def _nested(frame: NestedFrame) -> NestedFrame:
    """Return a frame in which each column of arrays is a nested column."""
    import pandas as pd
    import pyarrow as pa
    from nested_pandas import NestedDtype

    nested: NestedFrame = frame.copy()
    for name, dtype in frame.dtypes.items():
        kind = getattr(dtype, "pyarrow_dtype", None)
        if kind is None or not (
            pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)
        ):
            continue
        lists = pa.chunked_array(pa.array(frame[name]), kind).cast(pa.list_(kind.value_type)).combine_chunks()
        packed = pa.StructArray.from_arrays([lists], ["value"])
        nested[name] = pd.Series(packed, dtype=NestedDtype(packed.type), index=frame.index)
    return nested
