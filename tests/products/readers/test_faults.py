# ruff: noqa: E501, PLW0108, S108  the faults are tables, one case a line; no path of them is ever opened
"""Each fault of a file, in each format in which it can occur, and the sentence that the person who sent it reads."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from core.errors import PhotozError
from products.readers import ReadLimits, open_table
from tests.products.readers.samples import FORMATS, SUFFIX, astropy_sample, parquet, read, refusal, write

pytestmark = pytest.mark.slow

STARTS = {"CSV": "plain text", "ECSV": "ECSV"}
ARTICLE = {"CSV": "a CSV", "FITS": "a FITS", "HDF5": "an HDF5", "Parquet": "a Parquet", "VOTable": "a VOTable",
           "ECSV": "an ECSV"}  # fmt: skip


def bytes_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("said", FORMATS)
@pytest.mark.parametrize("kind", FORMATS)
def test_file_that_is_not_what_its_name_says_is_refused_with_what_it_is(said: str, kind: str, tmp_path: Path) -> None:
    if said == kind or (said, kind) == ("CSV", "ECSV"):
        return
    path = write(astropy_sample(), kind, tmp_path)
    name = f"survey.{SUFFIX[said]}"
    assert refusal(path, name) == (
        f"{name} is not {ARTICLE[said]} file: it starts like {STARTS.get(kind, kind)}. "
        "Rename it or send the right file."
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_name_without_an_ending_is_read_by_content(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample(), kind, tmp_path)
    with open_table(path, "survey") as reader:
        assert reader.format == kind


@pytest.mark.parametrize("kind", FORMATS)
def test_empty_file_is_refused(kind: str, tmp_path: Path) -> None:
    name = f"cat.{SUFFIX[kind]}"
    sentence = refusal(bytes_file(tmp_path, name, b""))
    assert sentence == f"{name} is empty (0 bytes). Send the file with its rows."


TRUNCATED = {
    "FITS": "cat.fits is truncated: its header promises 4000 rows, and it holds ",
    "HDF5": "cat.hdf5 cannot be read as HDF5: it is truncated or damaged. Check that it opens on your side",
    "Parquet": "cat.parquet is a truncated Parquet file: its end is missing. Check that it opens on your side",
    "VOTable": "cat.vot is not well-formed XML: it is truncated or damaged. Check that it opens on your side",
    "CSV": "Line 2384 of cat.csv has ",
    "ECSV": "of cat.ecsv has ",
}


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_file_says_so(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample(4000), kind, tmp_path)
    content = path.read_bytes()
    content = content[: int(len(content) * 0.6)]
    # A text is cut inside a line: where it ends after a whole one, nothing shows that there were more.
    path.write_bytes(content.rpartition(b"survey")[0] if kind in {"CSV", "ECSV"} else content)
    assert TRUNCATED[kind].replace("Line 2384 ", "") in refusal(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_table_without_rows_is_refused_unless_it_is_allowed(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample()[:0], kind, tmp_path)
    sentence = refusal(path)
    assert path.name in sentence
    assert "no rows" in sentence
    assert sentence.endswith("Send the file with its rows.")
    with open_table(path, path.name, limits=ReadLimits(allow_empty=True)) as reader:
        assert sum(batch.num_rows for batch in reader.batches()) == 0
        assert reader.schema.names == astropy_sample().colnames


def fits_without_columns(folder: Path) -> Path:
    path = folder / "cat.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([])]).writeto(path)
    return path


def votable(folder: Path, inside: str, name: str = "cat.vot") -> Path:
    text = f'<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE><TABLE>{inside}</TABLE></RESOURCE></VOTABLE>'
    return bytes_file(folder, name, text.encode())


def hdf5(folder: Path, **arrays: object) -> Path:
    path = folder / "cat.hdf5"
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


def fits_named(folder: Path, *names: str) -> Path:
    """Write columns under other names, then change the header: astropy itself repairs such names."""
    path = write(Table({f"column{number}": [1.0, 2.0] for number in range(len(names))}), "FITS", folder)
    content = path.read_bytes()
    for number, name in enumerate(names):
        content = content.replace(f"'column{number} '".encode(), f"'{name:<8}'".encode())
    path.write_bytes(content)
    return path


def parquet_named(folder: Path, *names: str) -> Path:
    import pyarrow.parquet as pq

    path = folder / "cat.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1.0])] * len(names), names=list(names)), path)
    return path


FIELDS = '<FIELD name="{}" datatype="double"/><FIELD name="{}" datatype="double"/>'
ROW = "<DATA><TABLEDATA><TR><TD>1</TD><TD>2</TD></TR></TABLEDATA></DATA>"
ECSV = "# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: {0}, datatype: float64}}\n# - {{name: {1}, datatype: {2}}}\n{0} {1}\n1 2\n"
ECSV_OF_TEXTS = (
    b'# %ECSV 1.0\n# ---\n# datatype:\n# - {name: v, datatype: string, subtype: \'string[2]\'}\nv\n"[""a"",""b""]"\n'
)
TWICE = "has more than one column called ra. Give each column a name of its own."
UNNAMED = (
    "Column 2 is without a name in {}. Name every column; if it is the row index that pandas writes, "
    "save with index=False."
)
NOTHING = "has no column that can be read: v ({}). Only numbers, text, times and arrays of numbers can be"

FAULTS: list[tuple[str, Callable[[Path], Path], str]] = [
    ("no columns FITS", fits_without_columns, "No columns were found in cat.fits. Send a table with named columns and rows."),
    ("no columns HDF5", lambda p: hdf5(p), "cat.hdf5 holds no table. Put the columns as arrays of equal length into one group"),
    ("no columns Parquet", lambda p: parquet(p), "No columns were found in cat.parquet."),
    ("no columns VOTable", lambda p: votable(p, ""), "cat.vot is a VOTable without a table that has columns."),
    ("no columns CSV", lambda p: bytes_file(p, "cat.csv", b"\n\n# only a comment\n"), "cat.csv holds no rows, only comments or blank lines."),
    ("no columns ECSV", lambda p: bytes_file(p, "cat.ecsv", b"# %ECSV 1.0\n# ---\n# datatype: []\n\n"), "No columns were found in cat.ecsv."),
    ("duplicate CSV", lambda p: bytes_file(p, "cat.csv", b"ra,ra\n1,2\n"), f"cat.csv {TWICE}"),
    ("duplicate FITS", lambda p: fits_named(p, "ra", "ra"), f"cat.fits {TWICE}"),
    ("duplicate Parquet", lambda p: parquet_named(p, "ra", "ra"), f"cat.parquet {TWICE}"),
    ("duplicate VOTable", lambda p: votable(p, FIELDS.format("ra", "ra") + ROW), f"cat.vot {TWICE}"),
    ("duplicate ECSV", lambda p: bytes_file(p, "cat.ecsv", ECSV.format("ra", "ra", "int64").encode()), f"cat.ecsv {TWICE}"),
    ("empty name CSV", lambda p: bytes_file(p, "cat.csv", b"ra,,z\na,2,3\n"), UNNAMED.format("cat.csv")),
    ("empty name FITS", lambda p: fits_named(p, "ra", ""), UNNAMED.format("cat.fits")),
    ("empty name Parquet", lambda p: parquet_named(p, "ra", " "), UNNAMED.format("cat.parquet")),
    ("empty name VOTable", lambda p: votable(p, FIELDS.format("ra", "") + ROW), UNNAMED.format("cat.vot")),
    ("not UTF-8 CSV", lambda p: bytes_file(p, "cat.csv", "name,é\na,1\n".encode() + b"\xff,2\n"), "Line 3 of cat.csv is not valid UTF-8, though lines before it are"),
    ("no encoding CSV", lambda p: bytes_file(p, "cat.csv", b"name,z\na,1\n\x81,2\n"), "Line 3 of cat.csv is neither UTF-8 nor Western European text (byte 0x81)."),
    ("not UTF-8 VOTable", lambda p: bytes_file(p, "cat.vot", b"<?xml version='1.0'?><VOTABLE><DESCRIPTION>\xff</DESCRIPTION></VOTABLE>"), "cat.vot is not well-formed XML"),
    ("ragged CSV", lambda p: bytes_file(p, "cat.csv", b"# made by hand\nra,dec\n1,2\n3,4,5\n"), "Line 4 of cat.csv has 3 fields where 2 were expected."),
    ("ragged VOTable", lambda p: votable(p, FIELDS.format("ra", "dec") + "<DATA><TABLEDATA><TR><TD>1</TD></TR></TABLEDATA></DATA>"), "Row 1 of cat.vot has 1 cells where 2 were expected."),
    ("nested Parquet", lambda p: parquet(p, v=pa.array([[[1.0]]])), "cat.parquet " + NOTHING.format("arrays of arrays")),
    ("map Parquet", lambda p: parquet(p, v=pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))), "cat.parquet " + NOTHING.format("records")),
    ("complex FITS", lambda p: write(Table({"v": [1j]}), "FITS", p), "cat.fits " + NOTHING.format("complex numbers")),
    ("nested FITS", lambda p: write(Table({"v": np.ones((2, 3, 4))}), "FITS", p), "cat.fits " + NOTHING.format("arrays of arrays")),
    ("complex HDF5", lambda p: hdf5(p, v=np.array([1j])), "cat.hdf5 " + NOTHING.format("complex numbers")),
    ("nested HDF5", lambda p: hdf5(p, v=np.ones((2, 3, 4))), "cat.hdf5 " + NOTHING.format("arrays of arrays")),
    ("references HDF5", lambda p: hdf5(p, v=np.array([None], dtype=h5py.ref_dtype)), "cat.hdf5 " + NOTHING.format("references or objects")),
    ("complex VOTable", lambda p: votable(p, '<FIELD name="v" datatype="doubleComplex"/><DATA><TABLEDATA><TR><TD>1 1</TD></TR></TABLEDATA></DATA>'), "cat.vot " + NOTHING.format("complex numbers")),
    ("nested VOTable", lambda p: votable(p, '<FIELD name="v" datatype="double" arraysize="2x2"/><DATA><TABLEDATA/></DATA>'), "cat.vot " + NOTHING.format("arrays of arrays")),
    ("texts FITS", lambda p: write(Table({"v": [["a", "b"]]}), "FITS", p), "cat.fits " + NOTHING.format("arrays of texts")),
    ("texts ECSV", lambda p: bytes_file(p, "cat.ecsv", ECSV_OF_TEXTS), "cat.ecsv " + NOTHING.format("arrays of texts")),
    ("wrong cell VOTable", lambda p: votable(p, FIELDS.format("ra", "dec") + ROW.replace("2", "north")), "A cell of the column dec of cat.vot is not of its datatype, double."),
    ("DTD VOTable", lambda p: bytes_file(p, "cat.vot", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><VOTABLE>&b;</VOTABLE>'), "cat.vot has a document type declaration (DTD), which is never read."),
    ("YAML tag ECSV", lambda p: bytes_file(p, "cat.ecsv", b"# %ECSV 1.0\n# ---\n# datatype: !!python/object/apply:os.system [echo]\nra\n1\n"), "The description of the columns of cat.ecsv is not the YAML that astropy writes."),
    ("PDF named CSV", lambda p: bytes_file(p, "cat.csv", b"%PDF-1.7\n1 0 obj\n"), "cat.csv is not a CSV file: it starts like a PDF document."),
    ("HTML named FITS", lambda p: bytes_file(p, "cat.fits", b"<!DOCTYPE html><html></html>"), "cat.fits is not a FITS file: it starts like an HTML page."),
    ("binary named CSV", lambda p: bytes_file(p, "cat.csv", bytes(range(256))), "cat.csv is not a CSV file: it starts like binary data."),
    ("late binary CSV", lambda p: bytes_file(p, "cat.csv", b"a,b\n" + b"1,2\n" * 20000 + b"\x00,1\n"), "cat.csv is not a text file: line 20002 holds binary data."),
    ("pickle", lambda p: bytes_file(p, "cat.pkl", b"\x80\x04K\x01."), "cat.pkl is a file of Python objects, which can run code when it is opened."),
    ("image FITS", lambda p: (fits.PrimaryHDU(np.ones((2, 2))).writeto(p / "cat.fits"), p / "cat.fits")[1], "cat.fits has no table: it holds an image (HDU 0)."),
    ("unknown", lambda p: bytes_file(p, "notes.docx", b"\xd0\xcf\x11\xe0"), "notes.docx is not a table: it starts like an old Office document."),
]  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_fault_has_its_sentence(make: Callable[[Path], Path], sentence: str, tmp_path: Path) -> None:
    said = refusal(make(tmp_path))
    assert sentence in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize("kind", FORMATS)
def test_masked_values_are_null(kind: str, tmp_path: Path) -> None:
    found = read(write(astropy_sample(), kind, tmp_path))
    assert found["count"].to_pylist() == [0, 1, None, 3, 4]
    assert found["z"].to_pylist()[1] is None or np.isnan(found["z"].to_pylist()[1])


def wide(kind: str, folder: Path, count: int) -> Path:
    """Write a table of many columns; astropy takes seconds for them in VOTable and Parquet."""
    names = [f"c{number}" for number in range(count)]
    match kind:
        case "Parquet":
            return parquet(folder, **{name: [number, number + 0.5] for number, name in enumerate(names)})
        case "VOTable":
            fields = "".join(f'<FIELD name="{name}" datatype="double"/>' for name in names)
            rows = ("".join(f"<TD>{number + half}</TD>" for number in range(count)) for half in (0.0, 0.5))
            data = "".join(f"<TR>{row}</TR>" for row in rows)
            return votable(folder, f"{fields}<DATA><TABLEDATA>{data}</TABLEDATA></DATA>")
        case _:
            return write(Table({name: [number, number + 0.5] for number, name in enumerate(names)}), kind, folder)


@pytest.mark.parametrize("kind", FORMATS)
def test_thousand_columns_are_read_where_the_format_has_them(kind: str, tmp_path: Path) -> None:
    count = 999 if kind == "FITS" else 1000  # a FITS table has at most 999 columns
    path = wide(kind, tmp_path, count)
    found = read(path)
    assert found.num_columns == count
    assert found["c7"].to_pylist() == [7.0, 7.5]
    assert refusal(path, max_columns=500) == (
        f"{path.name} has {count} columns; at most 500 are allowed. Leave out those that are not needed."
    )


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("archive", ["zip", "tar", "tar.gz", "tgz", "gz"])
def test_one_table_in_an_archive_is_unpacked_and_removed_again(kind: str, archive: str, tmp_path: Path) -> None:
    path = write(astropy_sample(), kind, tmp_path)
    packed = tmp_path / f"{path.name}.gz" if archive == "gz" else tmp_path / f"cat.{archive}"
    match archive:
        case "zip":
            with zipfile.ZipFile(packed, "w") as file:
                file.write(path, f"sub/{path.name}")
                file.writestr(f"__MACOSX/._{path.name}", b"x")
                file.writestr("README.txt", b"Read me")
        case "gz":
            packed.write_bytes(gzip.compress(path.read_bytes()))
        case _:
            with tarfile.open(packed, "w" if archive == "tar" else "w:gz") as tar:
                tar.add(path, path.name)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with open_table(packed, packed.name, scratch=scratch) as reader:
        assert reader.format == kind
        assert reader.notes[0].startswith(f"The table {'' if archive == 'gz' else path.name + ' '}was unpacked from")
        assert sum(batch.num_rows for batch in reader.batches()) == 5
        assert list(scratch.iterdir())
    assert not list(scratch.iterdir())


COMPRESSED = {"bz2": bz2.compress, "xz": lzma.compress, "zst": lambda content: zstandard(content)}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("inside", ["table", "tar"])
def test_compressed_table_is_unpacked_and_removed_again(kind: str, ending: str, inside: str, tmp_path: Path) -> None:
    path = write(astropy_sample(), kind, tmp_path)
    name = f"{path.name}.{ending}"
    if inside == "tar":
        with tarfile.open(tmp_path / "cat.tar", "w") as tar:
            tar.add(path, path.name)
        name = {"bz2": "cat.tbz2", "xz": "cat.tar.xz", "zst": "cat.tar.zst"}[ending]
    content = (path if inside == "table" else tmp_path / "cat.tar").read_bytes()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    half = len(content) // 2
    for packed in (
        COMPRESSED[ending](content),
        COMPRESSED[ending](content[:half]) + COMPRESSED[ending](content[half:]),
    ):
        (tmp_path / name).write_bytes(packed)
        with open_table(tmp_path / name, name, scratch=scratch) as reader:
            assert reader.format == kind
            assert "was unpacked from" in reader.notes[0]
            assert sum(batch.num_rows for batch in reader.batches()) == 5
        assert not list(scratch.iterdir())


def zip_of(folder: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    path = folder / "cat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def link_in_zip(folder: Path) -> Path:
    info = zipfile.ZipInfo("cat.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zip_of(folder, (info, b"/etc/passwd"))


def tar_of(folder: Path, **wrong: object) -> Path:
    path = folder / "cat.tar"
    info = tarfile.TarInfo("cat.csv")
    for key, value in wrong.items():
        setattr(info, key, value)
    with tarfile.open(path, "w") as file:
        file.addfile(info, io.BytesIO(b""))
    return path


def encrypted_zip(folder: Path) -> Path:
    path = zip_of(folder, ("cat.csv", b"a,b\n1,2\n"))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def zstandard(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


CSV = b"a,b\n1,2\n"
ARCHIVES: list[tuple[str, Callable[[Path], Path], str]] = [
    ("two tables", lambda p: zip_of(p, ("a.csv", CSV), ("b.fits", CSV)), "cat.zip holds more than one table (a.csv, b.fits). Send one archive with exactly one"),
    ("no table", lambda p: zip_of(p, ("a.png", CSV)), "cat.zip holds no table (a.png). Send one archive"),
    ("nothing", lambda p: zip_of(p), "cat.zip holds no table (nothing)."),
    ("zip slip", lambda p: zip_of(p, ("../cat.csv", CSV)), "cat.zip has a member whose name leads elsewhere (../cat.csv)."),
    ("absolute", lambda p: zip_of(p, ("/tmp/cat.csv", CSV)), "cat.zip has a member whose name leads elsewhere (/tmp/cat.csv)."),
    ("case-fold duplicates", lambda p: zip_of(p, ("cat.csv", CSV), ("CAT.csv", CSV)), "cat.zip has more than one member called cat.csv."),
    ("symbolic link in zip", link_in_zip, "cat.zip has a member that is a link or a device (cat.csv)."),
    ("symbolic link in tar", lambda p: tar_of(p, type=tarfile.SYMTYPE, linkname="/etc/passwd"), "cat.tar has a member that is a link or a device (cat.csv)."),
    ("hard link in tar", lambda p: tar_of(p, type=tarfile.LNKTYPE, linkname="/etc/passwd"), "cat.tar has a member that is a link or a device (cat.csv)."),
    ("device in tar", lambda p: tar_of(p, type=tarfile.CHRTYPE), "cat.tar has a member that is a link or a device (cat.csv)."),
    ("encrypted", encrypted_zip, "cat.zip is encrypted (cat.csv)."),
    ("bomb in zip", lambda p: zip_of(p, ("cat.csv", b"a\n" + b"0\n" * 10_000_000)), "cat.zip unpacks to more than 10 MB"),
    ("bomb in gzip", lambda p: bytes_file(p, "cat.csv.gz", gzip.compress(bytes(20_000_000))), "cat.csv.gz unpacks to more than 10 MB"),
    ("archive in archive", lambda p: bytes_file(p, "cat.csv.gz", gzip.compress(gzip.compress(CSV))), "cat.csv is not a CSV file: it starts like a gzip archive."),
    ("bomb in bzip2", lambda p: bytes_file(p, "cat.csv.bz2", bz2.compress(bytes(20_000_000))), "cat.csv.bz2 unpacks to more than 10 MB"),
    ("bomb in xz", lambda p: bytes_file(p, "cat.csv.xz", lzma.compress(bytes(20_000_000))), "cat.csv.xz unpacks to more than 10 MB"),
    ("bomb in zstandard", lambda p: bytes_file(p, "cat.csv.zst", zstandard(bytes(20_000_000))), "cat.csv.zst unpacks to more than 10 MB"),
    ("tar bomb in xz", lambda p: bytes_file(p, "cat.txz", lzma.compress(tar_of(p).read_bytes() + bytes(20_000_000))), "cat.txz unpacks to more than 10 MB"),
    ("damaged bzip2", lambda p: bytes_file(p, "cat.csv.bz2", bz2.compress(CSV * 100)[:-20]), "cat.csv.bz2 cannot be read as a bzip2 archive: it is truncated or damaged."),
    ("damaged xz", lambda p: bytes_file(p, "cat.csv.xz", lzma.compress(CSV * 100)[:-20]), "cat.csv.xz cannot be read as an xz archive: it is truncated or damaged."),
    ("damaged zstandard", lambda p: bytes_file(p, "cat.csv.zst", zstandard(CSV * 100)[:-8]), "cat.csv.zst cannot be read as a zstandard archive: it is truncated or damaged."),
    ("xz with a large dictionary", lambda p: bytes_file(p, "cat.csv.xz", lzma.compress(CSV, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}])), "cat.csv.xz cannot be read as an xz archive"),
    ("damaged zip", lambda p: bytes_file(p, "cat.zip", b"PK\x03\x04" + bytes(50)), "cat.zip cannot be read as a zip archive: it is truncated or damaged."),
    ("damaged gzip", lambda p: bytes_file(p, "cat.csv.gz", gzip.compress(CSV * 100)[:-20]), "cat.csv.gz cannot be read as a gzip archive: it is truncated or damaged."),
    ("wrong member", lambda p: zip_of(p, ("cat.fits", CSV)), "cat.fits is not a FITS file: it starts like plain text."),
]  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), [case[1:] for case in ARCHIVES], ids=[case[0] for case in ARCHIVES])
def test_archive_that_is_refused_has_its_sentence_and_leaves_nothing(
    make: Callable[[Path], Path], sentence: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(PhotozError) as caught:
        open_table(path, path.name, scratch=scratch)
    assert sentence in caught.value.message
    assert not list(scratch.iterdir())


def test_names_that_differ_only_by_case_are_kept_with_a_note(tmp_path: Path) -> None:
    path = bytes_file(tmp_path, "cat.csv", b"ra,RA,dec\n1,2,3\n")
    with open_table(path, "cat.csv") as reader:
        assert reader.schema.names == ["ra", "RA", "dec"]
        assert "The names of the columns ra, RA differ only by case." in reader.notes
