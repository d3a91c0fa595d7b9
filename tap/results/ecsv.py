"""Writer of ECSV 1.0 (APE 6): a YAML header with the metadata of columns, then comma-separated rows.

A missing value is an empty cell, and an empty text is ``""``; astropy reads both as missing. Arrays are JSON. An error
breaks off the transfer, as with CSV.
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
    """Yield the header with units and descriptions, then the rows."""
    columns = description.columns
    yield _header(description).encode()
    limited = LimitedBatches(batches, limit)
    for batch in limited:
        arrays = canonical_arrays(batch, columns)
        cells = [_cells(array, column) for array, column in zip(arrays, columns, strict=True)]
        if len(columns) == 1:  # readers skip a blank line
            cells = [pc.fill_null(cells[0], '""')]
        yield bytes(joined_rows(cells, before="", between=",", after="\n"))
    if (ending := limited.ending) is not None:  # readers of ECSV skip lines of comments
        yield f"# {ending.name} {ending.value}: {ending.text}\n".encode()


def _header(description: TableDescription) -> str:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    lines += [f"- {_yaml(_column_header(column))}" for column in description.columns]
    infos = description.info_texts
    if infos:
        lines.append(f"meta: {_yaml(infos)}")
    lines.append("schema: astropy-2.0")
    names = quoted(pa.array([column.name for column in description.columns], pa.large_string())).to_pylist()
    return "".join(f"# {line}\n" for line in lines) + ",".join(names) + "\n"


def _column_header(column: Column) -> dict[str, Any]:
    header: dict[str, Any] = {"name": column.name}
    if column.unit:
        header["unit"] = column.unit
    if column.arraysize is None or column.is_text:
        header["datatype"] = _DATATYPES[column.datatype]
    else:
        # The first axis varies fastest in VOTable, the last one in ECSV.
        sizes = [int(size) if size.isdigit() else None for size in reversed(column.arraysize.split("x"))]
        header["datatype"] = "string"
        shape = sizes if None not in sizes else [None]  # ECSV has one size for arrays of variable shape
        header["subtype"] = _DATATYPES[column.datatype] + str(shape).replace("None", "null").replace(" ", "")
    if column.description:
        header["description"] = column.description
    meta = {key: value for key in ("ucd", "utype", "xtype", "density") if (value := getattr(column, key))}
    return header | ({"meta": meta} if meta else {})


def _yaml(value: dict[str, Any]) -> str:
    """Return a mapping as YAML on one line, in ASCII."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=2**31, allow_unicode=False)
    return text.strip()


def _cells(array: pa.Array, column: Column) -> pa.Array:
    if column.is_text:
        # A reader would take a text that begins with # for a comment, and stop at a NUL.
        texts = quoted(pc.replace_substring(array, "\0", "\ufffd"))
        starts = pc.match_substring_regex(texts, "^#")
        if not pc.any(starts).as_py():
            return texts
        mark = pa.scalar('"', pa.large_string())
        enclosed = pc.binary_join_element_wise(mark, texts, mark, pa.scalar("", pa.large_string()))
        return pc.if_else(starts, enclosed, texts)
    if column.arraysize is not None:
        texts = json_texts(array, column, quoted_numbers=False)
        return quoted(pc.if_else(array.is_valid(), texts, pa.scalar(None, pa.large_string())))
    texts = cell_texts(array, column, _INFINITIES)
    if column.datatype == "boolean":
        return pc.if_else(pc.equal(texts, "true"), "True", pc.if_else(array.is_valid(), "False", texts))
    return texts
