"""Tables as VOTable 1.4 in BINARY2, which carries nulls of every type (VOTable 1.5 §5.4).

Rows are laid out by numpy, many at once; texts have the width of the longest, so that all rows are of one size.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from core.columns import Column, column_of_field
from core.errors import InvalidValueError

__all__ = ["write_votable"]

_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
#: A multiple of three, so that the pieces of base64 join without padding.
_ROWS_AT_A_TIME = 30_000

_LAYOUTS: Mapping[str, str] = {
    "boolean": "S1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


def write_votable(table: pa.Table, path: Path) -> None:
    """Write a table as a VOTable with one resource.

    Raises
    ------
    InvalidValueError
        When a column is neither numbers, texts, truth values nor times.
    """
    columns = [column_of_field(field) for field in table.schema]
    widths = [_width(table.column(number), column) for number, column in enumerate(columns)]
    layout = np.dtype([("nulls", "u1", ((len(columns) + 7) // 8,)), *_layout(columns, widths)])
    with etree.xmlfile(str(path), encoding="utf-8") as file:
        file.write_declaration()
        with (
            file.element(f"{{{_NAMESPACE}}}VOTABLE", {"version": "1.4"}, nsmap={None: _NAMESPACE}),
            file.element(f"{{{_NAMESPACE}}}RESOURCE", {"type": "results"}),
            file.element(f"{{{_NAMESPACE}}}TABLE", {"nrows": str(table.num_rows)}),
        ):
            for column, width in zip(columns, widths, strict=True):
                file.write(_field(column, width))
            with (
                file.element(f"{{{_NAMESPACE}}}DATA"),
                file.element(f"{{{_NAMESPACE}}}BINARY2"),
                file.element(f"{{{_NAMESPACE}}}STREAM", {"encoding": "base64"}),
            ):
                for start in range(0, table.num_rows, _ROWS_AT_A_TIME):
                    rows = _rows(table.slice(start, _ROWS_AT_A_TIME), columns, layout)
                    file.write(base64.b64encode(rows.tobytes()).decode("ascii") + "\n")


def _width(cells: pa.ChunkedArray, column: Column) -> int | None:
    """Give the characters of the longest text, or none for a column of other values."""
    if column.is_text:
        texts = pc.cast(cells, pa.string())
        longest = pc.max(pc.utf8_length(texts)).as_py() or 1
        # Characters beyond the first 65536 take two of UTF-16, so twice as many are always enough.
        plain = pc.all(pc.string_is_ascii(pc.fill_null(texts, ""))).as_py() is not False
        return longest if plain else 2 * longest
    if column.arraysize is not None:
        raise InvalidValueError(f"The column '{column.name}' holds arrays; choose Parquet, or leave it out.")
    return None


def _layout(columns: list[Column], widths: list[int | None]) -> list[tuple[str, str]]:
    return [
        (f"c{number}", _LAYOUTS[column.datatype] if width is None else f"V{2 * width}")
        for number, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]


def _field(column: Column, width: int | None) -> Any:  # lxml's elements carry no types
    said = {
        "name": column.name,
        "datatype": column.datatype if width is None else "unicodeChar",
        "arraysize": None if width is None else str(width),
        "unit": column.unit,
        "ucd": column.ucd,
        "utype": column.utype,
        "xtype": column.xtype,
    }
    field = etree.Element(f"{{{_NAMESPACE}}}FIELD", {key: text for key, text in said.items() if text})
    if column.description:
        etree.SubElement(field, f"{{{_NAMESPACE}}}DESCRIPTION").text = column.description
    return field


def _rows(table: pa.Table, columns: list[Column], layout: np.dtype[Any]) -> npt.NDArray[Any]:  # a structured type
    rows = np.zeros(table.num_rows, dtype=layout)
    nulls = np.zeros((table.num_rows, len(columns)), dtype=np.bool_)
    for number, column in enumerate(columns):
        cells = table.column(number)
        nulls[:, number] = pc.is_null(cells).to_numpy()
        target = rows[f"c{number}"]
        if column.is_text:
            width = layout[f"c{number}"].itemsize
            target[:] = _utf16(pc.fill_null(pc.cast(cells, pa.string()), ""), width)
        elif column.datatype == "boolean":
            target[:] = np.where(pc.fill_null(cells, False).to_numpy(), b"T", b"F")
        elif column.datatype in {"float", "double"}:
            target[:] = pc.fill_null(pc.cast(cells, pa.float64()), np.nan).to_numpy()
        else:
            target[:] = pc.fill_null(cells, 0).to_numpy()
    rows["nulls"] = np.packbits(nulls, axis=1)
    return rows


def _utf16(cells: pa.ChunkedArray, width: int) -> npt.NDArray[np.void]:
    # Each distinct text is encoded once: columns of texts are mostly names of surveys and types.
    coded = pc.dictionary_encode(cells).combine_chunks()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    texts = [text.encode("utf-16-be").ljust(width, b"\0") for text in coded.dictionary.to_pylist()]
    encoded: npt.NDArray[np.void] = np.array(texts, dtype=f"V{width}")
    cells_of_rows: npt.NDArray[np.void] = encoded[coded.indices.to_numpy()]
    return cells_of_rows
