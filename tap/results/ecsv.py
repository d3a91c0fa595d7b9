"""Results as ECSV (APE 6), version 1.0: a header in YAML that says what the columns are, then comma-separated rows.

A missing value is an empty cell, and an empty text is ``""``; astropy takes both for missing. Arrays are JSON. An error
on the way breaks the transfer off, as with CSV.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from core.columns import Column
from core.votable import LimitedBatches, TableDescription, canonical_arrays, cell_texts, joined_rows
from tap.results.delimited import quoted
from tap.results.json_texts import json_texts

__all__ = ["write_ecsv"]

_INFINITIES = ("inf", "-inf")
_DATATYPES = {
    "boolean": "bool",
    "unsignedByte": "uint8",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "char": "string",
    "unicodeChar": "string",
}


def write_ecsv(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Write the header with units and descriptions, and the rows."""
    columns = description.columns
    yield _header(description).encode()
    for batch in LimitedBatches(batches, limit):
        arrays = canonical_arrays(batch, columns)
        cells = [_cells(array, column) for array, column in zip(arrays, columns, strict=True)]
        if len(columns) == 1:  # readers skip a blank line
            cells = [pc.fill_null(cells[0], '""')]
        yield bytes(joined_rows(cells, before="", between=",", after="\n"))


def _header(description: TableDescription) -> str:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    lines += [f"- {_yaml(_described(column))}" for column in description.columns]
    infos = {info.name: info.value for info in description.infos}
    if infos:
        lines.append(f"meta: {_yaml(infos)}")
    lines.append("schema: astropy-2.0")
    names = quoted(pa.array([column.name for column in description.columns], pa.large_string())).to_pylist()
    return "".join(f"# {line}\n" for line in lines) + ",".join(names) + "\n"


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name}
    if column.unit:
        described["unit"] = column.unit
    if column.arraysize is None or column.is_text:
        described["datatype"] = _DATATYPES[column.datatype]
    else:
        # The first axis of VOTable is the one that varies fastest, in ECSV it is the last.
        sizes = [int(size) if size.isdigit() else None for size in reversed(column.arraysize.split("x"))]
        described["datatype"] = "string"
        shape = sizes if None not in sizes else [None]  # of arrays that vary, only the whole is told
        described["subtype"] = _DATATYPES[column.datatype] + str(shape).replace("None", "null").replace(" ", "")
    if column.description:
        described["description"] = column.description
    meta = {key: value for key in ("ucd", "utype", "xtype") if (value := getattr(column, key))}
    return described | ({"meta": meta} if meta else {})


def _yaml(value: dict[str, Any]) -> str:
    """Write a mapping on one line, in ASCII, whatever characters stand in it."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=2**31, allow_unicode=False)
    return text.strip()


def _cells(array: pa.Array, column: Column) -> pa.Array:
    if column.is_text:
        return quoted(array)
    if column.arraysize is not None:
        texts = json_texts(array, column, quoted_numbers=False)
        return quoted(pc.if_else(array.is_valid(), texts, pa.scalar(None, pa.large_string())))
    texts = cell_texts(array, column, _INFINITIES)
    if column.datatype == "boolean":
        return pc.if_else(pc.equal(texts, "true"), "True", pc.if_else(array.is_valid(), "False", texts))
    return texts
