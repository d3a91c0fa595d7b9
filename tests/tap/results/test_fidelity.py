"""Extreme values through every output format, read back by astropy, pandas, pyarrow and json.

A value comes back as it is; the few that a format cannot hold are listed beside the format, with what stands for them.
"""

import datetime as dt
import io
import json
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from lxml import etree

from core.columns import Column, column_of_field
from core.errors import InvalidValueError
from core.votable import TableDescription, votable_columns
from tap.results import RESULT_FORMATS
from tests.support.tools import Stilts

_UTC = dt.UTC
_INSTANTS = [
    dt.datetime(1858, 11, 17, 0, 0, 0, tzinfo=_UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=_UTC),
    dt.datetime(1, 1, 1, tzinfo=_UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=_UTC),
    None,
    dt.datetime(1970, 1, 1, tzinfo=_UTC),
]
_TIMES = [dt.time(0, 0), dt.time(23, 59, 59, 999999), dt.time(1, 2, 3, 456), None, dt.time(12, 0), dt.time(0, 0, 1)]

#: Name, Arrow type and values; as texts what DALI writes for times.
VALUES: dict[str, tuple[pa.DataType, list]] = {
    "byte": (pa.uint8(), [0, 255, 1, None, 2, 3]),
    "short": (pa.int16(), [-(2**15), 2**15 - 1, 0, None, -1, 1]),
    "int": (pa.int32(), [-(2**31), 2**31 - 1, 0, None, -1, 1]),
    "long": (pa.int64(), [-(2**63), 2**63 - 1, 2**53 + 1, None, -(2**53) - 1, 0]),
    "full": (pa.int64(), [-(2**63), 2**63 - 1, 2**53 + 1, 7, -(2**53) - 1, 0]),
    "float": (pa.float32(), [float(np.float32(1e-45)), 3.4028234663852886e38, math.inf, None, -math.inf, -0.0]),
    "double": (pa.float64(), [5e-324, 1.7976931348623157e308, math.inf, None, -math.inf, 0.1 + 0.2]),
    "hash": (pa.string(), ["#first", "# second", "plain", None, "#", "x#"]),
    "text": (pa.string(), ["a\0b", "🌌 κόσμος", " both ", None, "q\"u'o,te", "two\nlines\r\nand\ttab"]),
    "word": (pa.string(), ["nan", "NULL", "", None, "-", "0012"]),
    "empty": (pa.string(), ["", "", "", "", "", ""]),
    "missing": (pa.string(), [None] * 6),
    "flag": (pa.bool_(), [True, False, True, None, False, True]),
    "when": (pa.timestamp("us", tz="UTC"), _INSTANTS),
    "day": (pa.date32(), [instant and instant.date() for instant in _INSTANTS]),
    "clock": (pa.time64("us"), _TIMES),
}


def _batch() -> pa.RecordBatch:
    arrays = [pa.array(values, kind) for kind, values in VALUES.values()]
    return pa.record_batch(arrays, names=list(VALUES))


def _description(batch: pa.RecordBatch) -> TableDescription:
    return TableDescription(votable_columns([column_of_field(field) for field in batch.schema], batch.schema))


def written(name: str, *leave_out: str) -> bytes:
    batch = _batch().drop_columns(list(leave_out)) if leave_out else _batch()
    whole = _description(_batch())
    columns = tuple(column for column in whole.columns if column.name not in leave_out)
    parts = [batch.slice(0, 2), batch.slice(2)]
    return b"".join(RESULT_FORMATS[name].write(TableDescription(columns), parts, limit=None))


def _iso(value: object) -> str:
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
    text = value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
    return text.rstrip("0") if "." in text else text


def _same(found: object, expected: object) -> bool:
    """Whether two cells are one value: times as texts, zeros with their sign, fractions of a second without zeros."""
    if expected is None:
        return found is None or found == "" or (isinstance(found, float) and math.isnan(found))
    if isinstance(expected, dt.datetime | dt.date | dt.time):
        return _iso(found) == _iso(expected)
    if isinstance(expected, float):
        return type(found) is float and found == expected and math.copysign(1, found) == math.copysign(1, expected)
    return type(found) is type(expected) and found == expected


def _cells(table: Table) -> dict[str, list]:
    cells = {}
    for name in table.colnames:
        column = table[name]
        masked = np.ma.getmaskarray(column) if hasattr(column, "mask") else np.zeros(len(table), bool)
        items = [None if hidden else item for item, hidden in zip(column.tolist(), masked.tolist(), strict=True)]
        cells[name] = [item.decode() if isinstance(item, bytes) else item for item in items]
    return cells


def _votable(data: bytes) -> dict[str, list]:
    return _cells(parse(io.BytesIO(data)).get_first_table().to_table())


def _fits(data: bytes) -> dict[str, list]:
    with fits.open(io.BytesIO(data), logical_as_bytes=True) as file:
        file.verify("exception")
        flags = [{b"T": True, b"F": False}.get(bytes(value)) for value in file[1].data["flag"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _cells(Table.read(io.BytesIO(data))) | {"flag": flags}


def _delimited(separator: str) -> Callable[[bytes], dict[str, list]]:
    def read(data: bytes) -> dict[str, list]:
        frame = pd.read_csv(
            io.StringIO(data.decode(), newline=""),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            quoting=0 if separator == "," else 3,
        )
        return {name: [_typed(name, text) for text in frame[name]] for name in frame}

    return read


def _typed(name: str, text: str) -> object:
    if name in {"byte", "short", "int", "long", "full"}:
        return int(text) if text else None
    if name in {"float", "double"}:
        return (float(np.float32(text)) if name == "float" else float(text)) if text else None
    return {"true": True, "false": False}.get(text) if name == "flag" else text


def _ecsv(data: bytes) -> dict[str, list]:
    return _cells(Table.read(data.decode(), format="ascii.ecsv"))


def _json(data: bytes) -> dict[str, list]:
    read = json.loads(data)
    names = [column["name"] for column in read["metadata"]]
    columns = dict(zip(names, map(list, zip(*read["data"], strict=True)), strict=True))
    for name in ("float", "double"):
        columns[name] = [None if value is None else _typed(name, str(value)) for value in columns[name]]
    return columns


def _parquet(data: bytes) -> dict[str, list]:
    return pq.read_table(io.BytesIO(data)).to_pydict()


def _arrow(data: bytes) -> dict[str, list]:
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all().to_pydict()


def _html(data: bytes) -> dict[str, list]:
    page = etree.HTML(data)
    names = ["".join(head.itertext()) for head in page.xpath("//thead//th")]
    rows = [[cell.text or "" for cell in row.xpath("td")] for row in page.xpath("//tbody/tr")]
    return {
        name: [_typed(name, text) for text in column]
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


_NO_NUL = {"a\0b": "a\ufffdb"}
_STRIPPED = {" both ": "both"}  # by astropy
_NO_BREAKS = {"two\nlines\r\nand\ttab": "two lines and tab"}
#: How each format is read, and which values it cannot hold, with what stands for them.
FORMATS: dict[str, tuple[Callable[[bytes], dict[str, list]], Mapping[str, str]]] = {
    "votable": (_votable, {}),
    "votable-tabledata": (_votable, _NO_NUL | _STRIPPED),
    "csv": (_delimited(","), {}),
    "tsv": (_delimited("\t"), _NO_BREAKS),
    "fits": (_fits, _NO_NUL),
    "ecsv": (_ecsv, _NO_NUL | _STRIPPED | {"two\nlines\r\nand\ttab": "two\nlines\nand\ttab"}),
    "json": (_json, {}),
    "parquet": (_parquet, {}),
    "arrow": (_arrow, {}),
    "html": (_html, _NO_NUL | {"two\nlines\r\nand\ttab": "two\nlines\nand\ttab"}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_extreme_values_come_back(name: str):
    read, replaced = FORMATS[name]
    found = read(written(name))
    assert list(found) == list(VALUES)
    wrong = []
    for column, (_, values) in VALUES.items():
        for row, value in enumerate(values):
            expected = replaced.get(value, value) if isinstance(value, str) else value
            if name == "fits" and isinstance(expected, str):
                expected = expected.rstrip(" ")  # FITS does not distinguish spaces at the end
            got = found[column][row]
            if name == "fits" and isinstance(got, str):
                got = got.rstrip(" ")
            if expected == "" and got in {None, ""}:  # most formats, and their readers, have one empty text
                continue
            if not _same(got, expected):
                wrong.append((column, row, expected, got))
    assert not wrong


def test_binary_votables_refuse_what_they_would_show_as_missing():
    for name, kind in (("short", "-32768"), ("int", "-2147483648"), ("long", "-9223372036854775808")):
        others = [other for other in VALUES if other != name]
        data = written("votable-binary", *others)
        texts = [info.text for info in etree.fromstring(data).iter("{*}INFO") if info.get("value") == "ERROR"]
        assert len(texts) == 1
        assert f"The column {name} has the value {kind}" in texts[0]
    harmless = [name for name in VALUES if name not in {"short", "int", "long", "full"}]
    found = _votable(written("votable-binary", "short", "int", "long", "full"))
    assert [len(found[name]) for name in harmless] == [6] * len(harmless)


def test_votables_with_fits_inside_are_read_by_stilts(stilts: Stilts, tmp_path: Path):
    """Astropy reads no such document when the file is inside it."""
    path = tmp_path / "sent.vot"
    path.write_bytes(written("votable-fits", "text", "word"))
    said = stilts("tpipe", f"in={path}", "ifmt=votable", "ofmt=votable-tabledata")
    found = _votable(said.encode())
    for name in ("byte", "short", "int", "long", "full", "double", "when", "clock"):
        values = VALUES[name][1]
        assert all(_same(got, value) for got, value in zip(found[name], values, strict=True)), name
    batch = pa.record_batch([pa.array([1, 2, 3])], names=["x"])
    columns = TableDescription((Column("x", "long", unit="m"),))
    cut = b"".join(RESULT_FORMATS["votable-fits"].write(columns, [batch], limit=2))
    assert [info.get("value") for info in etree.fromstring(cut).iter("{*}INFO")] == ["OK", "OVERFLOW"]


def test_types_of_times_say_what_they_are():
    columns = {column.name: column for column in _description(_batch()).columns}
    assert {name: columns[name].xtype for name in ("when", "day", "clock")} == {
        "when": "timestamp",
        "day": "timestamp",
        "clock": None,
    }
    with pytest.raises(InvalidValueError, match="duration"):
        votable_columns([Column("d", "double")], pa.schema([("d", pa.duration("s"))]))


@pytest.mark.filterwarnings("ignore:It is strongly recommended:astropy.io.fits.verify.VerifyWarning")
def test_names_of_any_length_and_texts_without_values_are_readable_fits():
    names = ["n" * 70, "N" * 71, "it''s " * 20, "", "x", "X", "µ" * 30]
    columns = tuple(Column(name, "unicodeChar", "*", unit="m" * 80, description="d" * 200) for name in names)
    batch = pa.record_batch([pa.array([None, ""]) for _ in names[:-1]] + [pa.array(["y", "z"])], names=names)
    data = b"".join(RESULT_FORMATS["fits"].write(TableDescription(columns), [batch], limit=None))
    with fits.open(io.BytesIO(data)) as file:
        file.verify("exception")
        found = file[1].columns.names
        assert len({name.lower() for name in found}) == len(names)
        assert max(len(name.replace("'", "''")) for name in found) <= 68
        assert {str(column.format) for column in file[1].columns} == {"1A"}
        assert [list(file[1].data[name]) for name in found] == [["", ""]] * 6 + [["y", "z"]]
        assert f"TTYPE1 stands for {names[0]}" in "".join(map(str, file[1].header["HISTORY"]))


def test_rows_that_were_cut_end_in_a_comment_of_ecsv():
    batch = pa.record_batch([pa.array([1, 2, 3])], names=["x"])
    data = b"".join(RESULT_FORMATS["ecsv"].write(TableDescription((Column("x", "long"),)), [batch], limit=2)).decode()
    assert data.splitlines()[-1].startswith("# QUERY_STATUS OVERFLOW")
    assert Table.read(data, format="ascii.ecsv")["x"].tolist() == [1, 2]
    assert pd.read_csv(io.StringIO(data), comment="#")["x"].tolist() == [1, 2]
