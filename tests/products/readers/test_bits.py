"""Arrays of bits in all serializations (VOTable 1.4 §2.1: eight bits in a byte, the first one the highest)."""

import base64
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from products.readers import open_table

_CELLS = [[True, False, True], [True] * 9, [], [False] * 7 + [True, True], [False] * 16]
_DOCUMENT = """<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="n" datatype="short"/><FIELD name="bits" datatype="bit" arraysize="*"/><FIELD name="m" datatype="short"/>
<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>"""


def _binary(kind: str) -> str:
    flags, rows = b"\0" if kind == "BINARY2" else b"", b""
    for number, cell in enumerate(_CELLS):
        packed = np.packbits(np.array(cell, bool)).tobytes()
        rows += flags + struct.pack(">hi", number, len(cell)) + packed + struct.pack(">h", -number)
    return f'<{kind}><STREAM encoding="base64">{base64.b64encode(rows).decode()}</STREAM></{kind}>'


def _tabledata() -> str:
    rows = (
        f"<TR><TD>{number}</TD><TD>{' '.join('01'[bit] for bit in cell)}</TD><TD>{-number}</TD></TR>"
        for number, cell in enumerate(_CELLS)
    )
    return f"<TABLEDATA>{''.join(rows)}</TABLEDATA>"


@pytest.mark.parametrize("kind", ["BINARY", "BINARY2", "TABLEDATA"])
def test_arrays_of_bits_of_any_length(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bits.vot"
    path.write_text(_DOCUMENT.format(data=_tabledata() if kind == "TABLEDATA" else _binary(kind)))
    with open_table(path, path.name) as reader:
        rows = [row for batch in reader.batches(size=2) for row in batch.to_pylist()]
    assert [row["n"] for row in rows] == [-row["m"] for row in rows] == list(range(len(_CELLS)))
    assert [row["bits"] or [] for row in rows] == _CELLS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_keep_their_unit(unit: str, tmp_path: Path) -> None:
    path = tmp_path / "durations.parquet"
    pq.write_table(pa.table({"exposure": pa.array([1500, None], pa.duration(unit))}), path)
    stored = pq.read_schema(path).field("exposure").type.unit  # pyarrow stores seconds as milliseconds
    with open_table(path, path.name) as reader:
        assert reader.schema.field("exposure").metadata[b"unit"] == stored.encode()
        assert [row for batch in reader.batches() for row in batch.to_pylist()][1] == {"exposure": None}
