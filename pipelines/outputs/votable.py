"""Tables as VOTable 1.4 in BINARY2, which carries nulls of every type (VOTable 1.5 §5.4)."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import Column, column_of_field
from core.errors import InvalidValueError

__all__ = ["write_votable"]


def write_votable(table: pa.Table, path: Path) -> None:
    """Write a table as a VOTable with one resource.

    Raises
    ------
    InvalidValueError
        When a column is neither numbers, texts, truth values nor times.
    """
    from astropy.io.votable import tree

    document = tree.VOTableFile(version="1.4")
    resource = tree.Resource()
    document.resources.append(resource)
    written = tree.TableElement(document)
    resource.tables.append(written)
    columns = [column_of_field(field) for field in table.schema]
    for number, column in enumerate(columns):
        written.fields.append(_field(document, column, number))
    written.create_arrays(table.num_rows)
    for name, column in zip(written.array.dtype.names, columns, strict=True):
        values, missing = _cells(table.column(column.name), column)
        written.array.data[name] = values
        written.array.mask[name] = missing
    written.format = "binary2"
    document.to_xml(str(path), tabledata_format="binary2")


def _field(document: Any, column: Column, number: int) -> Any:  # astropy's objects carry no types
    from astropy.io.votable import tree

    field = tree.Field(
        document,
        ID=f"col_{number + 1}",
        name=column.name,
        datatype=column.datatype,
        arraysize=column.arraysize,
        unit=column.unit,
        ucd=column.ucd,
        utype=column.utype,
    )
    field.description = column.description
    return field


def _cells(column: pa.ChunkedArray, described: Column) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    if described.arraysize is not None and not described.is_text:
        raise InvalidValueError(f"The column '{described.name}' holds arrays, which are not written here.")
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    missing = pc.is_null(column).to_numpy()
    if described.is_text:
        return pc.fill_null(pc.cast(column, pa.string()), "").to_numpy(), missing
    if pa.types.is_boolean(column.type):
        return pc.fill_null(column, False).to_numpy(), missing
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return pc.fill_null(pc.cast(column, pa.float64()), np.nan).to_numpy(), missing
    return pc.fill_null(column, 0).to_numpy(), missing
