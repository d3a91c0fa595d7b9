"""Rows as frames of nested-pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from nested_pandas import NestedFrame

__all__ = ["nested_frame"]


def nested_frame(table: pa.Table) -> NestedFrame:
    """Return a table as a nested frame; a column of arrays becomes a nested column with the field ``value``.

    Raises
    ------
    ImportError
        nested-pandas is not installed.
    """
    import pandas as pd
    import pyarrow as pa

    try:
        from nested_pandas import NestedDtype, NestedFrame
    except ImportError as e:
        message = "nested-pandas is not installed: pip install nested-pandas"
        raise ImportError(message) from e
    frame = NestedFrame(table.to_pandas(types_mapper=pd.ArrowDtype))
    for field in table.schema:
        if (
            pa.types.is_list(field.type)
            or pa.types.is_fixed_size_list(field.type)
            or pa.types.is_large_list(field.type)
        ):
            values = table.column(field.name).cast(pa.list_(field.type.value_type)).combine_chunks()
            packed = pa.StructArray.from_arrays([values], ["value"])
            frame[field.name] = pd.Series(packed, dtype=NestedDtype(packed.type), index=frame.index)
    return frame
