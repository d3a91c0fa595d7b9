"""ECSV, JSON, Arrow and HTML results, read by other libraries."""

import io
import json
import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import Table
from lxml import etree

from core.columns import Column, column_of_field
from core.errors import InvalidValueError
from core.votable import Info, TableDescription
from tap.results import RESULT_FORMATS
from tests.core.votable.samples import DESCRIPTION, NIGHTS, ROWS, TAKEN


def written(name: str, batches: object = (ROWS,), limit: int | None = None, description=DESCRIPTION) -> bytes:
    return b"".join(RESULT_FORMATS[name].write(description, batches, limit=limit))


def failing() -> Iterator[pa.RecordBatch]:
    yield ROWS
    raise InvalidValueError("It <went> wrong.")


def plain(values: list) -> str:
    """Spell values so that NaN is equal to itself."""
    return repr([None if v is None else v for v in values])


# ECSV


def test_astropy_reads_the_same_values_from_ecsv():
    table = Table.read(written("ecsv", [ROWS.slice(0, 2), ROWS.slice(2)]).decode(), format="ascii.ecsv")
    for name in ("flag", "byte", "small", "whole", "big"):
        assert table[name].tolist() == ROWS[name].to_pylist(), name
    assert table["big"].dtype == np.int64
    assert table["real"].dtype == np.float32
    assert plain(table["ra"].tolist()) == plain(ROWS["ra"].to_pylist())
    assert plain(table["real"].astype(float).tolist()[1::2]) == plain([math.inf, -math.inf])
    assert table["name"].tolist() == ["plain", "<a> & \"b\" 'c'", None, None]  # astropy takes "" for missing
    assert table["text"].tolist()[0::3] == ["Ünïcödé 星 🌌", "ctl"]
    assert table["taken"].tolist() == TAKEN
    assert table["night"].tolist() == NIGHTS
    assert plain(table["point"].tolist()) == plain([[1.5, 2.5], [0.0, -90.0], [None, None], [360.0, math.nan]])
    assert [list(v) for v in table["counts"][:2]] == [[1, 2], []]
    assert table["counts"][3].tolist() == [3, None, 5]
    assert table["bits"].tolist()[0] == [True, False, True]
    assert (str(table["ra"].unit), table["ra"].description) == ("deg", "Right <ascension> & more")
    assert table["ra"].info.meta["ucd"] == "pos.eq.ra;meta.main"


def test_ecsv_takes_names_and_descriptions_of_any_characters():
    names = ['a,"b"', "größe ☃", "{x: y}", "- #"]
    columns = tuple(Column(name, "int", description=f"{name}\n: 'x' \x07") for name in names)
    batch = pa.record_batch([pa.array([1], pa.int32())] * 4, names=names)
    description = TableDescription(columns, infos=(Info("QUERY", "SELECT 'ä'\n-- # x"),))
    table = Table.read(written("ecsv", [batch], None, description).decode(), format="ascii.ecsv")
    assert table.colnames == names
    assert table["größe ☃"].description == "größe ☃\n: 'x' \x07"
    assert table.meta["QUERY"] == "SELECT 'ä'\n-- # x"


# JSON


def test_json_holds_what_the_rows_hold():
    read = json.loads(written("json", [ROWS.slice(0, 2), ROWS.slice(2)]), parse_constant=pytest.fail)
    assert [item["name"] for item in read["metadata"]] == ROWS.schema.names
    assert read["metadata"][6]["unit"] == "deg"
    columns = dict(zip(ROWS.schema.names, zip(*read["data"], strict=True), strict=True))
    for name in ("flag", "byte", "small", "whole", "big", "name", "text", "bits", "counts"):
        assert list(columns[name]) == ROWS[name].to_pylist(), name
    assert columns["ra"] == (0.1, "NaN", None, 1e-300)
    assert columns["real"] == (0.1, "Infinity", None, "-Infinity")
    assert list(columns["taken"]) == TAKEN
    assert columns["point"][3] == [360, "NaN"]
    assert read["status"] == {"value": "OK", "message": None}


def test_json_texts_may_hold_any_character():
    texts = ["".join(map(chr, range(0x80))), '\\"\u2028\U0001f30c', "</script>", ""]
    batch = pa.record_batch([pa.array(texts)], names=["t"])
    description = TableDescription((Column("t", "unicodeChar", "*"),))
    assert json.loads(written("json", [batch], None, description))["data"] == [[text] for text in texts]


def test_json_says_that_rows_were_cut_and_that_an_error_came():
    cut = json.loads(written("json", limit=2))
    assert (len(cut["data"]), cut["status"]["value"]) == (2, "OVERFLOW")
    broken = json.loads(written("json", failing()))
    assert (len(broken["data"]), broken["status"]["message"]) == (4, "It <went> wrong.")
    assert json.loads(written("json", []))["data"] == []


# Arrow


def test_arrow_streams_hold_values_and_meanings():
    table = pa.ipc.open_stream(written("arrow", [ROWS.slice(0, 2), ROWS.slice(2)])).read_all()
    for name in ROWS.schema.names:
        assert repr(table[name].to_pylist()) == repr(ROWS[name].to_pylist()), name
    ra = column_of_field(table.schema.field("ra"))
    assert (ra.unit, ra.ucd, ra.description) == ("deg", "pos.eq.ra;meta.main", "Right <ascension> & more")


def test_the_last_batch_of_an_arrow_stream_says_that_rows_were_cut():
    for limit, expected in ((2, b"OVERFLOW"), (4, None), (0, b"OVERFLOW")):
        *_, last = [(0, None)] + [
            (item.batch.num_rows, item.custom_metadata)
            for item in pa.ipc.open_stream(written("arrow", limit=limit)).iter_batches_with_custom_metadata()
        ]
        assert (last[1] and last[1]["QUERY_STATUS"]) == expected


def test_an_error_breaks_an_arrow_stream_and_ecsv_off():
    for name in ("arrow", "ecsv"):
        with pytest.raises(InvalidValueError):
            written(name, failing())


# HTML

HOSTILE = [
    "<script>alert(1)</script>",
    "</td><img src=x onerror=alert(1)>",
    'https://ok.example/?a=1&b="><script>alert(1)</script>',
    "https://ok.example/a'b?c=d&e",
    "javascript:alert(1)",
    " https://space.example",
    "data:text/html,<script>alert(1)</script>",
    "HTTPS://Upper.example/x",
    "https:no-host",
    None,
    "",
]


def page(values: list, ucd: str | None) -> tuple[bytes, etree._Element]:
    batch = pa.record_batch([pa.array(values, pa.string())], names=["<b>u</b>"])
    kind = Column("<b>u</b>", "unicodeChar", "*", ucd=ucd, unit="<i>", description='"><script>')
    description = TableDescription((kind,), infos=(Info("QUERY", "SELECT '<script>' \x00"),))
    data = written("html", [batch], None, description)
    return data, etree.HTML(data.decode())


@pytest.mark.parametrize("ucd", [None, "meta.ref.url", "meta.ref.url;meta.main"])
def test_cells_of_a_page_stay_text(ucd):
    data, root = page(HOSTILE, ucd)
    assert b"<script" not in data
    assert root.xpath("//script|//img|//*[@onerror]|//b|//i") == []
    cells = ["".join(cell.itertext()) for cell in root.iter("td")]
    assert cells == [text or "" for text in HOSTILE]
    assert root.xpath("string(//th/text())") == "<b>u</b>"


def test_only_addresses_of_the_web_become_links_and_only_where_the_column_says_so():
    _, root = page(HOSTILE, "meta.ref.url")
    assert root.xpath("//a/@href") == ["https://ok.example/a'b?c=d&e", "HTTPS://Upper.example/x"]
    _, root = page(HOSTILE, "meta.note")
    assert root.xpath("//a") == []


def test_pages_forbid_scripts():
    headers = RESULT_FORMATS["html"].headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "sandbox" in headers["Content-Security-Policy"]
    _, root = page(["x"], None)
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_a_page_shows_all_rows_and_how_it_ended():
    root = etree.HTML(written("html").decode())
    assert len(root.xpath("//tbody/tr")) == 4
    assert root.xpath("//tbody/tr[3]/td[@class='null']")
    assert root.xpath("//tbody/tr[1]/td[5]/text()") == ["-9223372036854775807"]
    assert "OVERFLOW" in "".join(etree.HTML(written("html", limit=1).decode()).xpath("//p[@role='alert']//text()"))
    assert "It <went> wrong." in "".join(etree.HTML(written("html", failing()).decode()).itertext())


@pytest.mark.parametrize("name", ["fits", "ecsv", "json", "arrow", "html"])
def test_large_results_leave_in_pieces(name):
    batch = pa.record_batch([pa.array(range(50_000)), pa.array(["x"] * 50_000)], names=["a", "b"])
    description = TableDescription((Column("a", "long"), Column("b", "char", "*")))
    pieces = list(RESULT_FORMATS[name].write(description, [batch] * 6, limit=280_000))
    assert len(pieces) >= 7
    assert max(map(len, pieces)) < 4_000_000
    if name == "fits":
        assert Table.read(io.BytesIO(b"".join(pieces)))["a"].tolist()[-1] == 29_999
