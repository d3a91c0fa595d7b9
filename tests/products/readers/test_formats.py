"""The table of formats: what is derived from it agrees with the samples, the readers and the documentation."""

from pathlib import Path

import pytest

from products.files.names import media_type_of
from products.readers import ReadLimits
from products.readers.formats import FILE_FORMATS, READABLE_FORMATS
from products.readers.recognition import TABLE_SUFFIXES, format_of_name, kind_of_bytes
from products.user_tables.loading import FORMATS as FORMATS_OF_ROWS
from tests.products.readers.samples import FORMATS, SUFFIX, astropy_sample, write

ROOT = Path(__file__).resolve().parents[3]


def test_every_format_has_a_sample():
    assert list(FORMATS) == list(FILE_FORMATS)
    assert {name: known.extensions[0] for name, known in FILE_FORMATS.items()} == {
        name: f".{suffix}" for name, suffix in SUFFIX.items()
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_is_recognised_and_opened_by_a_reader_of_its_name(kind, tmp_path):
    path = write(astropy_sample(), kind, tmp_path)
    assert kind_of_bytes(path.read_bytes()[:65536]) == kind
    with FILE_FORMATS[kind].open(path, path.name, ReadLimits()) as reader:
        assert reader.format == kind


def test_no_two_formats_share_an_ending_and_each_ending_has_a_media_type():
    endings = [ending for known in FILE_FORMATS.values() for ending in known.extensions]
    assert len(endings) == len(set(endings)) == len(TABLE_SUFFIXES)
    assert all(media_type_of(f"a{ending}") != "application/octet-stream" for ending in endings)
    assert (format_of_name("A.FITS"), format_of_name("a.pdf")) == ("FITS", None)


def test_rows_for_tables_of_users_come_in_the_media_types_that_clients_know():
    assert FORMATS_OF_ROWS == {
        "text/csv": "csv",
        "text/tab-separated-values": "tsv",
        "application/fits": "fits",
        "image/fits": "fits",
        "application/x-votable+xml": "votable",
        "application/vnd.apache.parquet": "parquet",
        "application/x-parquet": "parquet",
    }


def test_the_tutorial_names_every_format():
    assert READABLE_FORMATS.startswith("CSV, FITS, HDF5, Parquet, VOTable")
    assert READABLE_FORMATS in (ROOT / "docs" / "tutorial.md").read_text("utf-8")
