import base64
import io
import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile
from lxml import etree

from core.columns import Column
from core.errors import InvalidValueError
from core.votable import TableDescription, error_document, votable_columns, write_votable
from tests.core.votable.samples import DESCRIPTION, NIGHTS, ROWS, TAKEN

SERIALIZATIONS = ["TABLEDATA", "BINARY", "BINARY2"]
every_serialization = pytest.mark.parametrize("serialization", SERIALIZATIONS)


def read(document: bytes) -> VOTableFile:
    return parse(io.BytesIO(document), verify="exception")


def written(serialization: str, batches: object = (ROWS,), limit: int | None = None, description=DESCRIPTION) -> bytes:
    return b"".join(write_votable(description, batches, serialization=serialization, limit=limit))


def statuses(document: bytes) -> list[str | None]:
    """Values of QUERY_STATUS in the order of the document, with the table as None."""
    tags = etree.fromstring(document).iter("{*}INFO", "{*}TABLE")
    return [tag.get("value") if tag.tag.endswith("INFO") else None for tag in tags]


@every_serialization
def test_every_kind_of_value_survives(serialization):
    array = read(written(serialization)).get_first_table().array
    expected = {name: ROWS.column(name).to_pylist() for name in ("small", "whole", "big", "flag", "byte")}
    for name, values in expected.items():
        found = [None if masked else value for value, masked in zip(array[name].data, array[name].mask, strict=True)]
        assert found == values, name
    assert np.array_equal(array["real"].data[[0, 1, 3]], np.array([0.1, np.inf, -np.inf], "f4"))
    assert math.isnan(array["ra"].data[1])
    assert np.array_equal(array["ra"].data[[0, 3]], [0.1, 1e-300])
    assert [str(value) for value in array["name"][[0, 1, 3]]] == ["plain", "<a> & \"b\" 'c'", ""]
    assert [str(value) for value in array["text"][[0, 1]]] == ["Ünïcödé 星 🌌", "two\nlines\tand\rmore"]
    assert [str(value) for value in array["taken"][:2]] == TAKEN[:2]
    assert [str(value) for value in array["night"][[0, 2, 3]]] == [NIGHTS[0], NIGHTS[2], NIGHTS[3]]


@every_serialization
def test_arrays_survive(serialization):
    array = read(written(serialization)).get_first_table().array
    assert np.array_equal(array["point"].data[:2], [[1.5, 2.5], [0.0, -90.0]])
    assert array["point"].data[3][0] == 360
    assert math.isnan(array["point"].data[3][1])
    assert list(array["fluxes"][0]) == [1, 2, 3]
    assert list(array["fluxes"][1]) == []
    assert np.array_equal(np.ma.getdata(array["fluxes"][3]), [np.nan, np.inf], equal_nan=True)
    assert list(array["counts"][0]) == [1, 2]
    assert list(np.ma.getdata(array["counts"][3]))[::2] == [3, 5]
    assert list(np.ma.getmaskarray(array["counts"][3])) == [False, True, False]
    assert array["bits"].data[[0, 1, 3]].tolist() == [[True, False, True], [True] * 3, [False] * 3]


def stream(document: bytes) -> bytes:
    return base64.b64decode(etree.fromstring(document).findtext(".//{*}STREAM"))


def test_binary2_tells_null_from_nan():
    batch = pa.record_batch([pa.array([float("nan"), None], pa.float32())], names=["x"])
    document = written("BINARY2", [batch], description=TableDescription((Column("x", "float"),)))
    assert stream(document) == b"\0\x7f\xc0\0\0" + b"\x80\x7f\xc0\0\0"


def test_binary2_tells_null_from_empty_text():
    """The standard's rows by hand: a byte whose first bit says null, a count of characters, the characters."""
    batch = pa.record_batch([pa.array(["", None, "a"])], names=["x"])
    document = written("BINARY2", [batch], description=TableDescription((Column("x", "unicodeChar", "*"),)))
    assert stream(document) == b"\0\0\0\0\0" + b"\x80\0\0\0\0" + b"\0\0\0\0\x01\0a"


@every_serialization
def test_any_cut_into_batches_gives_the_same_rows(serialization):
    parts = [ROWS.slice(0, 0), ROWS.slice(0, 1), ROWS.slice(1, 2), ROWS.slice(3, 1), ROWS.slice(4, 0)]
    whole = read(written(serialization)).get_first_table().array
    again = read(written(serialization, parts)).get_first_table().array
    for name in whole.dtype.names:
        assert repr(whole[name].tolist()) == repr(again[name].tolist()), name


@every_serialization
@pytest.mark.parametrize("batches", [[], [ROWS.slice(0, 0)]])
def test_a_table_without_rows_is_a_table(serialization, batches):
    table = read(written(serialization, batches)).get_first_table()
    assert len(table.array) == 0
    assert [field.name for field in table.fields] == ROWS.schema.names


@every_serialization
def test_fields_say_what_columns_mean(serialization):
    table = read(written(serialization)).get_first_table()
    ra = table.get_field_by_id_or_name("ra")
    assert (str(ra.unit), ra.ucd, ra.description, ra.ref) == (
        "deg", "pos.eq.ra;meta.main", "Right <ascension> & more", "icrs",
    )  # fmt: skip
    point, taken = (table.get_field_by_id_or_name(name) for name in ("point", "taken"))
    assert (point.xtype, str(point.arraysize), taken.xtype) == ("point", "2", "timestamp")
    assert table.description == "A table & its <description>"


@every_serialization
@pytest.mark.parametrize(("limit", "count", "overflow"), [(0, 0, True), (3, 3, True), (4, 4, False), (5, 4, False)])
def test_rows_are_cut_exactly_and_only_a_cut_is_an_overflow(serialization, limit, count, overflow):
    document = written(serialization, [ROWS.slice(0, 3), ROWS.slice(3, 1)], limit)
    assert len(read(document).get_first_table().array) == count
    assert statuses(document) == (["OK", None, "OVERFLOW"] if overflow else ["OK", None])


@every_serialization
def test_an_error_on_the_way_ends_the_table_and_says_so(serialization):
    def failing() -> Iterator[pa.RecordBatch]:
        yield ROWS
        raise InvalidValueError("The second half <is> wrong.")

    document = written(serialization, failing())
    assert statuses(document) == ["OK", None, "ERROR"]
    assert "The second half <is> wrong." in etree.fromstring(document).xpath("string()")
    assert len(read(document).get_first_table().array) == 4


def test_the_head_is_there_before_rows_are_asked_for():
    def never() -> Iterator[pa.RecordBatch]:
        pytest.fail("asked for rows")
        yield ROWS

    assert b"</FIELD>" in next(write_votable(DESCRIPTION, never(), serialization="BINARY2", limit=None))


@every_serialization
def test_a_thousand_columns(serialization):
    names = [f"c{number}" for number in range(1000)]
    batch = pa.record_batch([pa.array([number, None], pa.int32()) for number in range(1000)], names=names)
    columns = votable_columns([Column(name, "int") for name in names], batch.schema)
    table = read(written(serialization, [batch], description=TableDescription(columns))).get_first_table()
    assert [table.array[name][0] for name in names] == list(range(1000))
    assert all(table.array[name].mask[1] for name in names)


def test_characters_that_xml_cannot_hold_are_replaced():
    batch = pa.record_batch([pa.array(["a\x00b\x1bc\ufffe"])], names=["x"])
    description = TableDescription((Column("x", "unicodeChar", "*", description="d\x02\ud800"),))
    table = read(written("TABLEDATA", [batch], description=description)).get_first_table()
    assert str(table.array["x"][0]) == "a\ufffdb\ufffdc\ufffd"
    assert table.fields[0].description == "d\ufffd\ufffd"


def test_char_is_one_byte_a_character():
    batch = pa.record_batch([pa.array(["naïve", "plain"])], names=["x"])
    description = TableDescription((Column("x", "char", "*"),))
    table = read(written("BINARY2", [batch], description=description)).get_first_table()
    assert [str(value) for value in table.array["x"]] == ["na?ve", "plain"]


def test_error_document_has_the_sentence_and_no_table():
    document = error_document('No table "x" & \x00 <y>.')
    assert statuses(document) == ["ERROR"]
    resource = read(document).resources[0]
    assert resource.type == "results"
    assert resource.infos[0].content == 'No table "x" & \ufffd <y>.'
