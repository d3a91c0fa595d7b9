"""Tables in memory become Arrow: values, missing values, units and UCDs of astropy, pandas and polars."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from pzserver import InvalidValueError, QueryResult
from pzserver.tables.frames import ColumnWords, arrow_table, parquet_file, with_metadata


def test_frames_of_pandas_keep_types_missing_values_and_a_named_index():
    frame = pd.DataFrame({"n": [2**62 + 1, 2], "t": ["x", None], 7: [1.5, np.nan]}, index=pd.Index([5, 6], name="id"))

    table = arrow_table(frame)

    assert table.to_pydict() == {"n": [2**62 + 1, 2], "t": ["x", None], "7": [1.5, None], "id": [5, 6]}
    assert arrow_table(frame.reset_index(drop=True)).column_names == ["n", "t", "7"]
    assert parquet_file(table).read(4) == b"PAR1"


def test_tables_of_astropy_keep_units_descriptions_masks_and_shapes():
    table = QTable({"flux": [1.0, 2.0] * u.nJy, "when": Time(["2024-01-02T03:04:05", "2025-01-01"])})
    table["flux"].info.description, table["flux"].info.meta = "of the model", {"ucd": "phot.flux"}
    table["n"] = MaskedColumn([1, 2], mask=[False, True])
    table["v"] = np.arange(4, dtype=">f4").reshape(2, 2)
    table["name"] = np.array([b"NGC", "é".encode()])

    found = arrow_table(table)

    assert found.field("flux").metadata == {b"unit": b"nJy", b"ucd": b"phot.flux", b"description": b"of the model"}
    assert found["n"].to_pylist() == [1, None]
    assert found["v"].to_pylist() == [[0, 1], [2, 3]]
    assert found["name"].to_pylist() == ["NGC", "é"]
    assert found["when"].to_pylist()[0].isoformat() == "2024-01-02T03:04:05"


def test_positions_become_degrees_of_icrs_in_two_columns():
    sky = SkyCoord(10, 20, unit="deg", frame="galactic")
    plain, taken = Table({"pos": SkyCoord([sky])}), Table({"pos": SkyCoord([sky]), "ra": [1.0]})

    found = arrow_table(plain)

    assert found.column_names == ["ra", "dec"]
    assert found["ra"][0].as_py() == pytest.approx(sky.icrs.ra.deg)
    assert found.field("dec").metadata == {b"unit": b"deg", b"ucd": b"pos.eq.dec;meta.main"}
    assert arrow_table(taken).column_names == ["pos_ra", "pos_dec", "ra"]


def test_arrow_polars_results_and_columns_by_name_are_tables():
    table = pa.table({"a": [1, 2]})

    for same in (table, pl.DataFrame({"a": [1, 2]}), QueryResult(table, overflow=False), {"a": [1, 2]}):
        assert arrow_table(same).to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pd.DataFrame({"mixed": [1, "x"]}), "mixed"),
        (Table({"c": [1j]}), "'c'"),
        (Table({"cube": np.zeros((1, 2, 2))}), "'cube'"),
        (pa.table([[1], [2]], ["a", "a"]), "called a"),
        (5, "int is not a table"),
    ],
)
def test_what_cannot_be_sent_is_named(table, reason):
    with pytest.raises(InvalidValueError, match=reason):
        arrow_table(table)


def test_metadata_are_added_by_column_name():
    table = with_metadata(pa.table({"f": [1.0], "z": [2.0]}), ColumnWords(units={"f": u.nJy}))

    assert (table.field("f").metadata, table.field("z").metadata) == ({b"unit": b"nJy"}, None)
    with pytest.raises(InvalidValueError, match="no column 'x'; there are f, z"):
        with_metadata(table, ColumnWords(ucds={"x": "phot"}))

    again = with_metadata(table, ColumnWords({"f": "mJy"}, {"f": "phot.flux"}, {"z": "measured"}))
    assert again.field("f").metadata == {b"unit": b"mJy", b"ucd": b"phot.flux"}
    assert again.field("z").metadata == {b"description": b"measured"}


def test_units_are_sent_in_the_syntax_of_the_ivoa_with_a_table_and_with_a_file():
    unit = u.W / u.m**2
    words = ColumnWords({"f": unit, "z": "km/s"})

    table = with_metadata(pa.table({"f": [1.0], "z": [2.0]}), words)

    assert words.by_column() == {"f": {"unit": unit.to_string("vounit")}, "z": {"unit": "km/s"}}
    assert table.field("f").metadata == {b"unit": unit.to_string("vounit").encode()}
