"""Random tables, written by other programs in every format, are what queries give in every output format.

Files are read, adjusted, stored and queried by the code of the server, in this process.
"""

import base64
import io
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.ascii import masked
from astropy.io.votable import parse_single_table
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from core.votable import TableDescription, votable_columns
from products.adjustments.reader import open_adjusted
from products.rows.derive import derive_rows
from products.rows.stored_columns import stored_names
from tap.adql import Catalog, CatalogTable, translate
from tap.engine.duckdb.sandbox import Sandbox, SandboxTable
from tap.results import RESULT_FORMATS
from tests.products.rows.tables import silent
from tests.support.tools import Stilts

_NAME = "redshift_catalog.p1_random"
_PLAIN_NAMES = ["z", "select", "Z_SPEC", "c0", "c1", "order", "mag_r", "flag", "col_2"]
_ODD_NAMES = ["Z", "z_1", "Z_1", "two words", "é", "É", "😀", 'q"u', "a.b", "_healpix_29", "x'y", "mag-r", "N°"]
_WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=3, max_size=8).map("w".__add__)
_TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)
_SINGLES = st.floats(allow_nan=False, allow_infinity=False, width=32)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of column: its name in numpy and pandas, and its values."""

    dtype: str
    cells: st.SearchStrategy[Any]


_KINDS: Mapping[str, Kind] = {
    "short": Kind("int16", st.integers(-(2**15) + 1, 2**15 - 1)),
    "int": Kind("int32", st.integers(-(2**31) + 1, 2**31 - 1)),
    "long": Kind("int64", st.integers(-(2**63) + 1, 2**63 - 1)),
    "float": Kind("float32", _SINGLES),
    "double": Kind("float64", _FLOATS),
    "boolean": Kind("bool", st.booleans()),
    "word": Kind("object", _WORDS),
    "text": Kind("object", _TEXTS),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A made table: kinds and values of its columns, None where there is none."""

    kinds: dict[str, str]
    columns: dict[str, list[Any]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns["row"])


@st.composite
def tables(draw: st.DrawFn, names: Sequence[str], kinds: Sequence[str], *, nulls: bool) -> Made:
    """Make a table with positions and a column that numbers its rows."""
    rows = draw(st.integers(2, 7))
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True))
    kind_of = {name: draw(st.sampled_from(kinds)) for name in chosen}
    columns: dict[str, list[Any]] = {
        "row": list(range(rows)),
        "ra": draw(st.lists(st.floats(0, 359.9), min_size=rows, max_size=rows)),
        "dec": draw(st.lists(st.floats(-89.9, 89.9), min_size=rows, max_size=rows)),
    }
    for name, kind in kind_of.items():
        values = _KINDS[kind].cells
        cells = draw(st.lists(values | st.none() if nulls else values, min_size=rows, max_size=rows))
        cells[0] = draw(values) if cells[0] is None else cells[0]  # a column without any value has no type in text
        columns[name] = cells
    return Made({"row": "long", "ra": "double", "dec": "double", **kind_of}, columns)


def as_astropy(made: Made) -> Table:
    """Return a table of astropy, with masks where values are missing."""
    table = Table()
    for name, cells in made.columns.items():
        dtype = _KINDS[made.kinds[name]].dtype
        missing = [cell is None for cell in cells]
        filler = next(cell for cell in cells if cell is not None)
        data = np.array([filler if cell is None else cell for cell in cells], None if dtype == "object" else dtype)
        table[name] = MaskedColumn(data, mask=missing) if any(missing) else data
    return table


def as_arrow(made: Made) -> pa.Table:
    """Return a table of Arrow."""
    types = {"object": pa.string(), "bool": pa.bool_()}
    arrays = {}
    for name, cells in made.columns.items():
        dtype = _KINDS[made.kinds[name]].dtype
        arrays[name] = pa.array(cells, types.get(dtype) or pa.from_numpy_dtype(np.dtype(dtype)))
    return pa.table(arrays)


def as_pandas(made: Made) -> pd.DataFrame:
    """Return a frame of pandas with nullable types."""
    nullable = {"int16": "Int16", "int32": "Int32", "int64": "Int64", "bool": "boolean", "object": "string"}
    dtypes = {name: _KINDS[kind].dtype for name, kind in made.kinds.items()}
    return pd.DataFrame(
        {name: pd.array(cells, dtype=nullable.get(dtypes[name], dtypes[name].capitalize()))
         for name, cells in made.columns.items()}
    )  # fmt: skip


def _with_astropy(name: str) -> Callable[[Made, Path], None]:
    def write(made: Made, path: Path) -> None:
        with warnings.catch_warnings(action="ignore"):
            as_astropy(made).write(path, format=name, overwrite=True)

    return write


def _at_fixed_places(made: Made, path: Path) -> None:
    """Write columns that are aligned by blanks alone, with empty cells."""
    with warnings.catch_warnings(action="ignore"):
        as_astropy(made).write(
            path, format="ascii.fixed_width", delimiter=" ", bookend=False, fill_values=[(masked, "")], overwrite=True
        )


def _with_polars(made: Made, path: Path) -> None:
    import polars as pl

    pl.from_arrow(as_arrow(made)).write_parquet(path)


@dataclass(frozen=True, slots=True)
class Source:
    """A format as another program writes it, and the names, kinds and missing values that it can hold.

    Parameters
    ----------
    empty_texts
        Whether a missing text is written as an empty one.
    """

    write: Callable[[Made, Path], None]
    extension: str
    names: Sequence[str]
    kinds: Sequence[str]
    nulls: bool = True
    empty_texts: bool = False


_ALL_NAMES = [*_PLAIN_NAMES, *_ODD_NAMES]
_ALL_KINDS = list(_KINDS)
#: Text files tell no types: texts that look like numbers, and single precision, cannot be told.
_TEXT_KINDS = ["long", "double", "boolean", "word"]
_ASCII_NAMES = [name for name in _ALL_NAMES if name.isascii()]

SOURCES: Mapping[str, Source] = {
    "pandas CSV": Source(
        lambda made, path: as_pandas(made).to_csv(path, index=False), "csv", _ALL_NAMES, _TEXT_KINDS
    ),
    "astropy CSV": Source(_with_astropy("ascii.csv"), "csv", _ALL_NAMES, ["long", "double", "word"]),
    "astropy ECSV": Source(_with_astropy("ascii.ecsv"), "ecsv", _ALL_NAMES, _ALL_KINDS),
    "astropy FITS": Source(
        _with_astropy("fits"), "fits", [name for name in _ASCII_NAMES if name not in {"Z", "Z_1"}],
        ["short", "int", "long", "float", "double", "word"], empty_texts=True,
    ),
    "astropy VOTable": Source(_with_astropy("votable"), "vot", _ALL_NAMES, _ALL_KINDS, empty_texts=True),
    "astropy HDF5": Source(
        lambda made, path: as_astropy(made).write(path, format="hdf5", path="table", overwrite=True),
        "hdf5", [name for name in _ALL_NAMES if "." not in name],
        ["short", "int", "long", "float", "double"], nulls=False,
    ),
    "astropy fixed width": Source(
        _at_fixed_places, "txt", [name for name in _PLAIN_NAMES if name != "order"], ["long", "double", "word"]
    ),
    "astropy IPAC": Source(_with_astropy("ascii.ipac"), "tbl", _PLAIN_NAMES, ["int", "double", "word"]),
    "pyarrow Parquet": Source(
        lambda made, path: pq.write_table(as_arrow(made), path), "parquet", _ALL_NAMES, _ALL_KINDS
    ),
    "pandas Parquet": Source(lambda made, path: as_pandas(made).to_parquet(path), "parquet", _ALL_NAMES, _ALL_KINDS),
    "polars Parquet": Source(_with_polars, "parquet", _ALL_NAMES, _ALL_KINDS),
}  # fmt: skip


def queried(path: Path, folder: Path) -> tuple[TableDescription, list[pa.RecordBatch]]:
    """Read, store and query a file; return the columns and rows of ``SELECT *``."""
    target = folder / "rows.parquet"
    target.unlink(missing_ok=True)
    with open_adjusted(path, path.name, scratch=folder) as reader:
        found = derive_rows(reader, target, meanings=None, progress=silent, scratch=folder)
    table = CatalogTable(
        name=_NAME, columns=found.columns, position=("ra", "dec") if found.meanings.has_position else None,
        sorted_by_healpix=found.meanings.has_position, engine_schema="redshift_catalog", engine_table="p1_random",
        engine_columns=stored_names(len(found.columns)),
    )  # fmt: skip
    translation = translate(f'SELECT * FROM {_NAME} ORDER BY "row"', Catalog([table]))
    stored = SandboxTable("redshift_catalog", "p1_random", (str(target),), None)
    limits = {"memory_bytes": 500_000_000, "threads": 1, "temp_bytes": 10_000_000}
    with Sandbox([stored], **limits, temp_folder=folder) as sandbox, sandbox.cursor() as cursor:
        rows = cursor.sql(translation.sql).to_arrow_table()
    columns = votable_columns(translation.columns, rows.schema)
    return TableDescription(columns), rows.to_batches()


def _of_astropy(table: Table) -> dict[str, list[Any]]:
    return {name: [_of_numpy(cell) for cell in table[name]] for name in table.colnames}


def _of_numpy(cell: Any) -> Any:
    if np.ma.is_masked(cell):
        return None
    return cell.item() if isinstance(cell, np.generic) else cell


def _read_votable(content: bytes) -> dict[str, list[Any]]:
    """Read a VOTable; astropy gives missing texts as empty ones, and there are no others here."""
    with warnings.catch_warnings(action="ignore"):
        found = _of_astropy(parse_single_table(io.BytesIO(content)).to_table(use_names_over_ids=True))
    return {name: [None if cell == "" else cell for cell in cells] for name, cells in found.items()}


def _read_ecsv(content: bytes) -> dict[str, list[Any]]:
    return _of_astropy(Table.read(content.decode(), format="ascii.ecsv"))


def _read_json(content: bytes) -> dict[str, list[Any]]:
    found = json.loads(content)
    names = [column["name"] for column in found["metadata"]]
    return dict(zip(names, map(list, zip(*found["data"], strict=True)), strict=True))


def _read_fits(content: bytes) -> dict[str, list[Any]]:
    """Read a FITS table, which has no empty texts; truths are letters, so that those without a value are seen."""
    with warnings.catch_warnings(action="ignore"), fits.open(io.BytesIO(content), logical_as_bytes=True) as file:
        found, columns = _of_astropy(Table.read(file[1])), file[1].columns
    letters = {"T": True, "F": False}
    for name, form in zip(columns.names, columns.formats, strict=True):
        found[name] = [letters.get(cell) if form == "L" else None if cell == "" else cell for cell in found[name]]
    return found


def _read_fits_inline(content: bytes) -> dict[str, list[Any]]:
    (stream,) = etree.fromstring(content).iterfind(".//{*}STREAM")
    return _read_fits(base64.b64decode(str(stream.text)))


def _read_html(content: bytes) -> dict[str, list[Any]]:
    (table,) = html.fromstring(content).iterfind(".//table")
    rows = [[cell.text_content() or None for cell in row.iterfind("td")] for row in table.iterfind(".//tbody/tr")]
    names = [cell.text_content() for cell in table.iterfind(".//th")]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _read_csv(content: bytes, delimiter: str = ",") -> dict[str, list[Any]]:
    frame = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""], dtype=str, sep=delimiter)
    return {str(name): [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame}


READERS: Mapping[str, Callable[[bytes], dict[str, list[Any]]]] = {
    "votable": _read_votable,
    "votable-tabledata": _read_votable,
    "votable-binary": _read_votable,
    "ecsv": _read_ecsv,
    "csv": _read_csv,
    "tsv": lambda content: _read_csv(content, "\t"),
    "json": _read_json,
    "fits": _read_fits,
    "votable-fits": _read_fits_inline,
    "html": _read_html,
    "parquet": lambda content: pq.read_table(io.BytesIO(content)).to_pydict(),
    "arrow": lambda content: pa.ipc.open_stream(content).read_all().to_pydict(),
}


def same(found: Any, expected: Any, kind: str) -> bool:
    """Return whether a value is the expected one; CSV has texts of all of them."""
    if expected is None or found is None:
        return found is None and expected is None
    if kind == "boolean" and isinstance(found, str):
        return found.lower() == str(expected).lower()
    if kind in {"word", "text"}:
        return str(found) == expected
    if kind in {"short", "int", "long"}:
        return int(found) == expected
    if kind == "float":
        return bool(np.float32(found) == np.float32(expected))
    return bool(found == expected) if kind == "boolean" else float(found) == expected


def assert_same(found: dict[str, list[Any]], made: Made) -> None:
    assert list(found) == list(made.columns)
    for name, cells in made.columns.items():
        wrong = [
            (number, one, other)
            for number, (one, other) in enumerate(zip(found[name], cells, strict=True))
            if not same(one, other, made.kinds[name])
        ]
        assert not wrong, (name, made.kinds[name], wrong)


@pytest.mark.parametrize("source", list(SOURCES))
def test_what_was_written_is_what_queries_give(source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    known = SOURCES[source]
    folder = tmp_path_factory.mktemp("random")
    path = folder / f"table.{known.extension}"

    # Tables are small as they are made; to make them smaller takes minutes.
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(tables(known.names, known.kinds, nulls=known.nulls), st.sampled_from(sorted(READERS)))
    def check(made: Made, output: str) -> None:
        # FITS has no texts beyond ASCII, and no blanks at their end.
        assume("fits" not in output or "text" not in made.kinds.values())
        known.write(made, path)
        description, batches = queried(path, folder)
        content = b"".join(RESULT_FORMATS[output].write(description, batches, limit=None))
        found = READERS[output](content)
        if "fits" in output:  # names that differ by case alone, or are not of ASCII, are others in FITS
            found = dict(zip(made.columns, found.values(), strict=True))
        if known.empty_texts:
            found = {name: [None if cell == "" else cell for cell in cells] for name, cells in found.items()}
        assert_same(found, made)

    check()


@pytest.mark.parametrize(
    ("output", "extension"),
    [("fits-basic", "fits"), ("colfits-basic", "colfits"), ("votable-tabledata", "vot"), ("votable-fits-inline", "vot"),
     ("ascii", "txt"), ("ipac", "tbl"), ("csv", "csv"), ("tst", "tst")],
)  # fmt: skip
def test_files_of_stilts_are_read_as_they_were_written(
    stilts: Stilts, tmp_path: Path, output: str, extension: str
) -> None:
    made = Made(
        {"row": "long", "ra": "double", "dec": "double", "z": "double", "order": "int", "name": "word"},
        {
            "row": [0, 1, 2], "ra": [10.25, 200.5, 359.875], "dec": [-45.5, 0.125, 80.0],
            "z": [0.5, None, 1e-3], "order": [3, 2, 1], "name": ["wA", "wBc", "wd"],
        },
    )  # fmt: skip
    source = tmp_path / "source.vot"
    as_astropy(made).write(source, format="votable")
    target = tmp_path / f"table.{extension}"
    stilts("tcopy", f"in={source}", "ifmt=votable", f"out={target}", f"ofmt={output}")
    description, batches = queried(target, tmp_path)
    content = b"".join(RESULT_FORMATS["parquet"].write(description, batches, limit=None))
    assert_same(READERS["parquet"](content), made)
