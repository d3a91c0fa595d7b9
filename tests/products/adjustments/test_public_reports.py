"""Files like those of public reports: positions are those that astropy has, redshifts those of the file."""

from pathlib import Path

import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord

from products.adjustments.options import TableOptions
from products.adjustments.reader import open_adjusted
from products.rows.derive import guessed_columns

_FILES = Path(__file__).parents[4] / "shared" / "findings" / "cases" / "files"
_PLAIN = SkyCoord([150.1], [2.2], unit="deg")
_TENTH = SkyCoord("10:00:24", "+02:12:00", unit=("hourangle", "deg"))
#: For each file the first position, the redshifts, and the number of rows.
EXPECTED = {
    "01_case_z_Z.csv": (_PLAIN, [0.02, 0.008], 2),
    "04_mrt.txt": (_TENTH, [0.5, 0.7, 0.9], 3),
    "05_ipac_null.tbl": (_PLAIN, [0.5, None, 0.9], 3),
    "06_vizier.tsv": (_PLAIN, [0.5, None], 2),
    "07_sextractor.cat": (_PLAIN, [0.5, 0.7, 0.9], 3),
    "08_uint64.csv": (SkyCoord(150, 2, unit="deg"), [0.5, 0.6], 2),
    "11_radians_named.csv": (SkyCoord(2.61, 0.021, unit="rad"), [0.5, 0.7, 0.7], 3),
    "13_sexagesimal.csv": (_TENTH, [0.5, 0.7, 0.9], 3),
    "15_leading_zeros.csv": (_PLAIN, [0.5, 0.7], 2),
    "16_fortran_D.dat": (_PLAIN, [0.5, 0.7], 2),
    "17_decimal_comma.csv": (SkyCoord(150.1234, 2.25, unit="deg"), [0.5123, 0.7321, 1.0], 3),
    "23_pandas_index.csv": (SkyCoord(150, 2, unit="deg"), None, 6),
    "27_negative_ra_for_crc.csv": (_PLAIN, [0.501, 0.7, 0.3, 0.3, None], 5),
}
#: Names of the columns of two tables of one file that belong together.
_JOINED = {"19_desi_two_hdus.fits": "REDSHIFTS+FIBERMAP", "18_two_tables.vot": "b"}


@pytest.mark.skipif(not _FILES.is_dir(), reason="the files are not beside this checkout")
@pytest.mark.parametrize("name", EXPECTED)
def test_first_position_and_redshifts_are_those_of_the_file(name: str) -> None:
    place, redshifts, rows = EXPECTED[name]
    with open_adjusted(_FILES / name, name) as reader:
        found = guessed_columns(reader)
        table = pa.Table.from_batches(reader.batches())
    assert table.num_rows == rows
    there = SkyCoord(table[found["ra"]][0].as_py(), table[found["dec"]][0].as_py(), unit="deg")
    assert there.separation(place).mas < 0.01
    assert redshifts is None or table[found["z"]].to_pylist() == redshifts


@pytest.mark.skipif(not _FILES.is_dir(), reason="the files are not beside this checkout")
@pytest.mark.parametrize("name", _JOINED)
def test_other_tables_of_a_file_are_within_reach(name: str) -> None:
    with open_adjusted(_FILES / name, name, TableOptions(table=_JOINED[name])) as reader:
        assert {"ra", "dec", "z"} <= guessed_columns(reader).keys()
