"""FITS results, read by astropy and STILTS."""

import csv
import io
import math
import tempfile
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from core.columns import Column
from core.errors import InvalidValueError, TooLargeError
from core.votable import Info, TableDescription
from tap.results import RESULT_FORMATS
from tap.results.fits import write_fits
from tests.core.votable.samples import DESCRIPTION, NIGHTS, ROWS, TAKEN
from tests.support.tools import Stilts


def written(batches: object = (ROWS,), limit: int | None = None, description=DESCRIPTION) -> bytes:
    return b"".join(RESULT_FORMATS["fits"].write(description, batches, limit=limit))


def column(kind: Column, values: list, arrow_type: pa.DataType) -> bytes:
    return written(
        [pa.record_batch([pa.array(values, arrow_type)], names=[kind.name])], None, TableDescription((kind,))
    )


def test_the_file_is_what_the_standard_wants():
    data = written()
    assert len(data) % 2880 == 0
    with fits.open(io.BytesIO(data)) as file:
        file.verify("exception")
        header = file[1].header
        assert (header["NAXIS2"], header["TFIELDS"], header["QSTATUS"]) == (4, 15, "OK")
        assert (header["TUNIT7"], header["TUCD7"]) == ("deg", "pos.eq.ra;meta.main")
        assert header["TXTYP10"] == "timestamp"
        assert file[1].size == header["NAXIS1"] * 4 + header["PCOUNT"]


@pytest.mark.filterwarnings("ignore:Column .* contains NULL:astropy.utils.exceptions.AstropyUserWarning")
def test_astropy_reads_the_same_values():
    table = Table.read(io.BytesIO(written([ROWS.slice(0, 1), ROWS.slice(1)])))
    for name in ("small", "whole", "big"):
        assert list(table[name].filled(77)) == [77 if v is None else v for v in ROWS[name].to_pylist()], name
    assert list(table["byte"].filled(999)) == [0, 255, 999, 7]
    assert [float(v) for v in table["real"].filled(math.nan)][1::2] == [math.inf, -math.inf]
    assert np.isnan(table["ra"].filled(math.nan)).tolist() == [False, True, True, False]
    assert list(table["name"].filled("")) == ["plain", "<a> & \"b\" 'c'", "", ""]
    assert list(table["text"].filled("")) == [v or "" for v in ROWS["text"].to_pylist()]
    assert list(table["taken"].filled("")) == [v or "" for v in TAKEN]
    assert list(table["night"].filled("")) == [v or "" for v in NIGHTS]
    np.testing.assert_array_equal(table["point"][[0, 1, 3]], [[1.5, 2.5], [0, -90], [360, math.nan]])
    assert [list(v) for v in table["fluxes"][:3]] == [[1, 2, 3], [], []]
    assert [list(v) for v in table["counts"]] == [[1, 2], [], [], [3, -(2**31), 5]]
    assert [list(v) for v in table["bits"]] == [[True, False, True], [True] * 3, [False] * 3, [False] * 3]


def test_missing_booleans_are_neither_true_nor_false():
    with fits.open(io.BytesIO(written()), logical_as_bytes=True) as file:
        assert list(file[1].data["flag"]) == [b"T", b"", b"F", b"T"]


def test_stilts_reads_the_same_values(stilts: Stilts, tmp_path):
    file = tmp_path / "sent.fits"
    file.write_bytes(written())
    rows = list(csv.DictReader(io.StringIO(stilts("tpipe", f"in={file}", "ofmt=csv"))))
    assert [row["flag"] for row in rows] == ["true", "", "false", "true"]
    assert [row["byte"] for row in rows] == ["0", "255", "", "7"]
    assert [row["big"] for row in rows] == ["-9223372036854775807", "9223372036854775807", "", "0"]
    assert [row["real"] for row in rows] == ["0.1", "Infinity", "", "-Infinity"]
    assert [row["name"] for row in rows] == ["plain", "<a> & \"b\" 'c'", "", ""]
    assert [row["taken"] for row in rows] == [value or "" for value in TAKEN]
    assert [row["point"] for row in rows][:2] == ["(1.5, 2.5)", "(0.0, -90.0)"]
    assert [row["fluxes"] for row in rows][0::3] == ["(1.0, 2.0, 3.0)", "(NaN, Infinity)"]
    assert rows[0]["bits"] == "(true, false, true)"
    listed = stilts("tpipe", f"in={file}", "cmd=meta name units ucd description", "ofmt=csv")
    assert "ra,deg,pos.eq.ra;meta.main,Right <ascension> & more" in listed


@pytest.mark.parametrize(
    ("kind", "arrow_type", "values"),
    [
        ("unsignedByte", pa.uint8(), [0, 255, None]),
        ("short", pa.int16(), [-(2**15), 2**15 - 1, None]),
        ("int", pa.int32(), [-(2**31), 2**31 - 1, None]),
        ("long", pa.int64(), [-(2**63), 5, None]),
    ],
)
def test_no_value_is_taken_for_the_missing_one(kind, arrow_type, values):
    table = Table.read(io.BytesIO(column(Column("x", kind), values, arrow_type)))
    assert list(table["x"].mask) == [False, False, True]
    assert [int(v) for v in table["x"][:2]] == values[:2]


def test_a_few_long_texts_do_not_widen_every_row_of_a_large_table(stilts: Stilts, tmp_path):
    texts = ["a", None, "", "x" * 20_000] + ["short"] * 4996
    data = column(Column("t", "unicodeChar", "*"), texts, pa.string())
    assert len(data) < 120_000
    with fits.open(io.BytesIO(data)) as file:
        assert ["".join(v) for v in file[1].data["t"]] == [v or "" for v in texts]
    path = tmp_path / "long.fits"
    path.write_bytes(data)
    lengths = stilts("tpipe", f"in={path}", "cmd=addcol n length(t)", "cmd=keepcols n", "ofmt=csv").split()[1:]
    assert [int(length or 0) for length in lengths] == [len(v or "") for v in texts]


def test_rows_that_were_cut_are_told_in_the_header():
    for limit, status in ((2, "OVERFLOW"), (4, "OK"), (0, "OVERFLOW")):
        with fits.open(io.BytesIO(written(limit=limit))) as file:
            assert (file[1].header["NAXIS2"], file[1].header["QSTATUS"]) == (limit, status)


@pytest.mark.parametrize("batches", [[], [ROWS.slice(0, 0)]])
def test_a_table_without_rows_has_its_columns(batches):
    with fits.open(io.BytesIO(written(batches))) as file:
        assert file[1].columns.names == ROWS.schema.names
        assert len(file[1].data) == 0


def test_headers_take_names_and_queries_of_any_characters():
    description = TableDescription(
        (Column("größe ☃", "int", description="Größe\nin \x07 Ångström " + "und so fort " * 20),),
        infos=(Info("QUERY", "SELECT 'ä'\n" * 30),),
    )
    batch = pa.record_batch([pa.array([1], pa.int32())], names=["größe ☃"])
    with fits.open(io.BytesIO(written([batch], None, description))) as file:
        file.verify("exception")
        assert file[1].columns.names == [r"gr\xf6\xdfe \u2603"]
        assert "und so fort" in file[1].header["TCOMM1"]


def test_matrices_keep_their_axes():
    kind = Column("m", "int", "2x3")
    data = column(kind, [[1, 2, 3, 4, 5, 6]], pa.list_(pa.int32(), 6))
    np.testing.assert_array_equal(Table.read(io.BytesIO(data))["m"][0], [[1, 2], [3, 4], [5, 6]])


def test_an_error_on_the_way_is_raised_before_anything_is_sent():
    def failing() -> Iterator[pa.RecordBatch]:
        yield ROWS
        raise InvalidValueError("It went wrong.")

    with pytest.raises(InvalidValueError, match="It went wrong"):
        RESULT_FORMATS["fits"].write(DESCRIPTION, failing(), limit=None)


def test_more_columns_than_fits_has_are_refused():
    description = TableDescription(tuple(Column(f"c{number}", "int") for number in range(1000)))
    with pytest.raises(InvalidValueError, match="at most 999"):
        RESULT_FORMATS["fits"].write(description, [], limit=None)


def test_the_temporary_file_is_gone_afterwards_and_has_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(TooLargeError, match="parquet"):
        write_fits(DESCRIPTION, [ROWS], limit=None, most_bytes=100)
    assert list(tmp_path.iterdir()) == []
