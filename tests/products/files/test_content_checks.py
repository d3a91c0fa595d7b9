"""Wrong and truncated files are told by their first and last bytes; astropy, h5py and pyarrow write the files."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from core.errors import UnreadableFileError
from products.files.content_checks import HEAD_BYTES, check_content

_ROWS = 20_000


def _table() -> Table:
    return Table({"ra": np.linspace(0, 359, _ROWS), "z": np.linspace(0, 2, _ROWS)})


def _fits(path: Path) -> None:
    _table().write(path, format="fits")


def _votable(path: Path) -> None:
    _table().write(path, format="votable")


def _parquet(path: Path) -> None:
    pq.write_table(pa.table({name: np.asarray(_table()[name]) for name in ("ra", "z")}), path)


def _hdf5(path: Path, version: str) -> None:
    with h5py.File(path, "w", libver=version) as file:
        for name in ("ra", "z"):
            file[name] = np.asarray(_table()[name])


def _zip(path: Path) -> None:
    buffer = io.StringIO("ra,z\n" + "1.25,0.5\n" * _ROWS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", buffer.getvalue())


_WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "FITS": ("t.fits", _fits),
    "VOTable": ("t.vot", _votable),
    "Parquet": ("t.parquet", _parquet),
    "HDF5": ("t.h5", lambda path: _hdf5(path, "earliest")),
    "HDF5 of today": ("t.h5", lambda path: _hdf5(path, "latest")),
    "zip": ("t.zip", _zip),
}


def _check(name: str, data: bytes) -> None:
    check_content(name, len(data), data[:HEAD_BYTES], data[-HEAD_BYTES:])


@pytest.mark.parametrize("kind", _WRITERS)
def test_complete_files_pass_and_truncated_ones_are_told(kind: str, tmp_path: Path) -> None:
    name, write = _WRITERS[kind]
    write(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert len(data) > HEAD_BYTES
    _check(name, data)
    for size in (len(data) - 3000, len(data) // 2):
        with pytest.raises(UnreadableFileError, match=f"{name} is truncated: the end of the .* file is missing"):
            _check(name, data[:size])


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.fits", b"ra,dec\n1,2\n", "t.fits is not a FITS file: it starts like plain text"),
        ("t.parquet", b"SIMPLE  =                    T", "t.parquet is not a Parquet file"),
        ("t.csv", b"%PDF-1.7", "t.csv is not a CSV file: it starts like a PDF document"),
        ("t.pkl", b"\x80\x04\x95", "is a file of Python objects"),
        ("t.png", b"\x89PNG\r\n", "t.png is not a table"),
    ],
)
def test_other_contents_than_the_name_says_are_told(name: str, data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFileError, match=said):
        _check(name, data)


@pytest.mark.parametrize(
    ("name", "data"), [("t.csv", b"ra,dec\n1,2"), ("t.dat", b"# x y\n1 2\n"), ("t.tsv", b"a\tb\n")]
)
def test_text_may_end_anywhere(name: str, data: bytes) -> None:
    _check(name, data)
