"""Random tables, written by astropy, pandas and pyarrow in every format, have their values when they are read."""

import math
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.products.readers.samples import read

Columns = Mapping[str, tuple[str, list[object]]]

_VALUES = {
    "int32": st.integers(-(2**31) + 1, 2**31 - 1),
    "int64": st.integers(-(2**63) + 2, 2**63 - 1),
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    "bool": st.booleans(),
    "text": st.text(st.sampled_from("abzAZ09 ,;|'\"#:-éλ"), max_size=6).map(lambda text: f"x{text.strip()}"),
}
_NAMES = st.from_regex(r"[A-Za-zé][A-Za-z0-9_.]{0,6}[a-z]", fullmatch=True)


@st.composite
def _columns(draw: st.DrawFn) -> dict[str, tuple[str, list[object]]]:
    rows = draw(st.integers(1, 6))
    names = draw(st.lists(_NAMES, min_size=2, max_size=5, unique_by=str.casefold))
    kinds = [draw(st.sampled_from(list(_VALUES))) for _ in names]
    cells = [
        draw(st.lists(st.one_of(_VALUES[kind], _VALUES[kind], st.none()), min_size=rows, max_size=rows))
        for kind in kinds
    ]
    return {name: (kind, values) for name, kind, values in zip(names, kinds, cells, strict=True)}


@dataclass(frozen=True)
class Writer:
    """A way to write a table, and the types of which it keeps missing values; texts without value are empty."""

    write: Callable[[Columns, Path], None]
    name: str
    nulls: frozenset[str]


def _astropy(columns: Columns, **meta: object) -> Table:
    table = Table(meta=meta)
    for name, (kind, values) in columns.items():
        if kind == "text":
            table[name] = np.array([value or "" for value in values], dtype=str)
            continue
        missing = [value is None for value in values]
        filled = np.array([0 if value is None else value for value in values], kind)
        table[name] = MaskedColumn(filled, mask=missing) if any(missing) else filled
    return table


def _by_astropy(**options: object) -> Callable[[Columns, Path], None]:
    def write(columns: Columns, path: Path) -> None:
        _astropy(columns).write(path, **options)

    return write


def _frame(columns: Columns) -> pd.DataFrame:
    kinds = {"int32": "Int32", "int64": "Int64", "float32": "float32", "float64": "float64", "bool": "boolean"}
    return pd.DataFrame({
        name: pd.Series(values, dtype=object if kind == "text" else kinds[kind])
        for name, (kind, values) in columns.items()
    })  # fmt: skip


def _to_hdf(columns: Columns, path: Path) -> None:
    plain = {"Int32": "int32", "Int64": "int64", "boolean": "bool"}
    frame = _frame(columns)
    for name in frame.columns:
        frame[name] = frame[name].astype(plain.get(str(frame[name].dtype), frame[name].dtype))
    frame.to_hdf(path, key="df", format="table")


def _arrow(columns: Columns) -> pa.Table:
    kinds = {"text": pa.string(), "bool": pa.bool_()}
    return pa.table({
        name: pa.array(values, kinds.get(kind) or pa.from_numpy_dtype(kind)) for name, (kind, values) in columns.items()
    })  # fmt: skip


_ALL = frozenset(_VALUES)
WRITERS = {
    "astropy CSV": Writer(_by_astropy(format="ascii.csv"), "cat.csv", _ALL),
    "astropy tabs": Writer(_by_astropy(format="ascii.tab"), "cat.tsv", _ALL),
    "astropy ECSV": Writer(_by_astropy(format="ascii.ecsv"), "cat.ecsv", _ALL),
    "astropy FITS": Writer(_by_astropy(), "cat.fits", _ALL - {"bool", "int32", "int64"}),
    "astropy HDF5": Writer(_by_astropy(path="data", serialize_meta=True), "cat.hdf5", _ALL),
    "astropy Parquet": Writer(_by_astropy(), "cat.parquet", _ALL),
    "astropy VOTable": Writer(_by_astropy(format="votable"), "cat.vot", _ALL),
    "astropy VOTable in binary": Writer(
        _by_astropy(format="votable", tabledata_format="binary2"), "cat.vot", _ALL
    ),
    "pandas CSV": Writer(lambda columns, path: _frame(columns).to_csv(path, index=False), "cat.csv", _ALL),
    "pandas CSV with index": Writer(lambda columns, path: _frame(columns).to_csv(path), "cat.csv", _ALL),
    "pandas Parquet": Writer(lambda columns, path: _frame(columns).to_parquet(path), "cat.parquet", _ALL),
    "pandas HDF5": Writer(_to_hdf, "cat.h5", _ALL - {"bool", "int32", "int64"}),
    "pyarrow CSV": Writer(lambda columns, path: pacsv.write_csv(_arrow(columns), path), "cat.csv", _ALL),
    "pyarrow Parquet": Writer(lambda columns, path: pq.write_table(_arrow(columns), path), "cat.parquet", _ALL),
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(columns=_columns())
def test_table_has_its_values(writer: Writer, columns: dict[str, tuple[str, list[object]]]) -> None:
    empty: dict[str, object] = {"bool": False, "text": "x"}
    if writer.name.endswith(".fits"):  # texts of FITS are ASCII
        columns = {
            _ascii(name): (kind, [_ascii(value) for value in values]) for name, (kind, values) in columns.items()
        }
    known = {
        name: (kind, [empty.get(kind, 0) if value is None and kind not in writer.nulls else value for value in values])
        for name, (kind, values) in columns.items()
    }
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / writer.name
        writer.write(known, path)
        found = read(path, size=4)
    assert found.column_names == list(known)
    for name, (kind, values) in known.items():
        assert _plain(found[name].to_pylist(), kind) == _plain(values, kind), (name, kind)


def _ascii(value: object) -> object:
    return value.replace("é", "e").replace("λ", "l") if isinstance(value, str) else value


def _plain(values: list[object], kind: str) -> list[object]:
    """Return values without the difference of null, NaN and an empty text, which few formats keep."""
    if kind == "float32":
        values = [None if value is None else float(np.float32(value)) for value in values]  # type: ignore[arg-type]
    return [
        None if value is None or value == "" or (isinstance(value, float) and math.isnan(value)) else value
        for value in values
    ]
