"""Names and properties of the files of HATS catalogues, against jproperties, with which hats reads them."""

import io

import pytest

from core.sky.hats import partition_name, properties_of, properties_text


@pytest.mark.parametrize(
    ("order", "pixel", "name"),
    [
        (0, 11, "Norder=0/Dir=0/Npix=11.parquet"),
        (6, 9_999, "Norder=6/Dir=0/Npix=9999.parquet"),
        (6, 10_000, "Norder=6/Dir=10000/Npix=10000.parquet"),
        (8, 123_456, "Norder=8/Dir=120000/Npix=123456.parquet"),
    ],
)
def test_partitions_have_the_names_of_the_standard(order: int, pixel: int, name: str):
    assert partition_name(order, pixel) == name


def test_properties_that_are_written_are_read_back():
    values = {
        "hats_col_ra": "ra\\deg",
        "obs_title": "of z = 1",
        "hats_nrows": 3,
        "hats_col_dec": "a\nb=c\r",
        "moc": None,
    }
    text = properties_text("HATS catalog", values)
    wanted = {"hats_col_ra": "ra\\deg", "obs_title": "of z = 1", "hats_nrows": "3", "hats_col_dec": "a b=c"}
    assert text.startswith("#HATS catalog\n")
    assert properties_of(text) == wanted
    jproperties = pytest.importorskip("jproperties", reason="comes with hats")
    read = jproperties.Properties()
    read.load(io.BytesIO(text.encode()), "utf-8")
    assert {key: value.data.strip() for key, value in read.items()} == wanted


def test_comments_and_escapes_are_not_of_the_properties():
    text = "#a=b\n!c=d\n  # e=f\nhats_primary_table_url = data\\:main \nno value\n"
    assert properties_of(text) == {"hats_primary_table_url": "data:main"}
