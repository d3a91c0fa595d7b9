import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table

from products.readers import open_table
from server.demo.products import write_demo_file
from tests.support.tools import Stilts


def test_the_same_table_gives_the_same_bytes(demo, tmp_path):
    for product in demo.values():
        first = write_demo_file(product, tmp_path).read_bytes()
        assert write_demo_file(product, tmp_path).read_bytes() == first


def test_pandas_reads_the_csv(demo, tmp_path):
    product = demo["mock_deep_slit_survey"]
    read = pd.read_csv(write_demo_file(product, tmp_path))
    pd.testing.assert_frame_equal(read, product.table.to_pandas(), check_dtype=False)


def test_astropy_reads_the_fits_with_units_and_descriptions(demo, tmp_path):
    product = demo["mock_fibre_survey"]
    path = write_demo_file(product, tmp_path)
    read = Table.read(path, hdu=1)
    assert read["TARGET_RA"].unit == "deg"
    for name in ("TARGETID", "TARGET_RA", "Z", "ZWARN"):
        np.testing.assert_array_equal(read[name], product.table[name].to_numpy())
    assert set(read["SPECTYPE"]) == {"GALAXY", "STAR", "QSO"}
    header = fits.getheader(path, 1)
    assert header["TUCD4"] == "src.redshift"
    assert header["TCOMM4"] == "Redshift of the best fit"


def test_astropy_reads_the_votable_with_ucds(demo, tmp_path):
    product = demo["mock_bright_survey"]
    read = parse_single_table(write_demo_file(product, tmp_path))
    assert read.get_field_by_id_or_name("ALPHA_J2000").ucd == "pos.eq.ra;meta.main"
    np.testing.assert_array_equal(read.array["Z"], product.table["Z"].to_numpy())
    assert list(read.array["TARGETNAME"]) == product.table["TARGETNAME"].to_pylist()


def test_stilts_finds_nothing_wrong_with_the_votable(demo, tmp_path, stilts: Stilts):
    report = stilts("votlint", str(write_demo_file(demo["mock_bright_survey"], tmp_path)))
    assert "ERROR" not in report
    assert "WARNING" not in report


def test_rail_reads_the_training_set(demo, tmp_path):
    h5py = pytest.importorskip("h5py")
    product = demo["mock_training_set"]
    with h5py.File(write_demo_file(product, tmp_path)) as file:
        group = file["photometry"]
        assert set(group) == set(product.table.column_names)
        np.testing.assert_array_equal(group["redshift"], product.table["redshift"].to_numpy())
        assert group["mag_i_lsst"].attrs["unit"] == "mag"


def test_the_server_reads_every_file_as_it_was(demo, tmp_path):
    for product in demo.values():
        with open_table(write_demo_file(product, tmp_path), product.file_name) as reader:
            # The server computes point estimates that an ensemble does not have.
            read = pa.Table.from_batches(list(reader.batches(product.table.column_names)))
        # CSV does not say how wide its numbers are.
        pd.testing.assert_frame_equal(read.to_pandas(), product.table.to_pandas(), check_dtype=False)
