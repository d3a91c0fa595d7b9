import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tables

from core.errors import InvalidValueError
from products.readers import open_table
from products.readers.hdf5.plain_pickles import plain_value
from tests.products.readers.samples import read, refusal


def frame(*, texts: bool = True) -> pd.DataFrame:
    columns = {
        "id": np.arange(7) + 2**53,
        "Dec": np.linspace(-1, 1, 7),
        "ra": np.linspace(0, 1, 7).astype("f4"),
        "flag": np.arange(7) % 2 == 0,
        "z": np.arange(7).astype("i2"),
        "when": pd.date_range("2025-01-01", periods=7, unit="ns"),
    }
    if texts:
        columns |= {
            "name": ["a", "bé", None, "d", "e", "f", "g"],
            "survey": ["x", "y", "x", "y", "z", "x", "y"],
            "kind": pd.Categorical(["s", "g", "s", None, "g", "s", "g"]),
        }
    return pd.DataFrame(columns)


def saved(table: pd.DataFrame, folder: Path, **options: object) -> Path:
    path = folder / "cat.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.to_hdf(path, key="sub/df", **options)
    return path


def assert_same(path: Path, expected: pd.DataFrame) -> None:
    found = read(path, size=3).to_pydict()
    assert list(found) == list(expected.columns)
    for name, values in found.items():
        theirs = [None if pd.isna(value) else value for value in expected[name]]
        assert values == theirs, name


@pytest.mark.parametrize("data_columns", [None, True, ["ra", "name"]])
@pytest.mark.parametrize("complib", [None, "zlib"])
def test_pandas_table_layout_is_read(data_columns: object, complib: str | None, tmp_path: Path) -> None:
    options = {"complevel": 5, "complib": complib} if complib else {}
    table = frame() if data_columns is not True else frame().drop(columns="kind")
    path = saved(table, tmp_path, format="table", data_columns=data_columns, **options)
    assert_same(path, table)


def test_pandas_fixed_layout_is_read(tmp_path: Path) -> None:
    assert_same(saved(frame(texts=False), tmp_path, format="fixed"), frame(texts=False))


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("index", ["id", ["id", "z"]])
def test_named_index_of_pandas_is_kept_as_columns(layout: str, index: object, tmp_path: Path) -> None:
    table = frame(texts=False).set_index(index)
    assert_same(saved(table, tmp_path, format=layout), table.reset_index())


def test_unnamed_index_of_pandas_is_left_out_with_a_note(tmp_path: Path) -> None:
    with open_table(saved(frame(), tmp_path, format="table"), "cat.h5") as reader:
        assert "The row index that pandas wrote was left out." in reader.notes
        assert reader.details == {"layout": "pandas table", "group": "/sub/df"}


def test_pickled_columns_of_pandas_are_left_out_and_never_opened(tmp_path: Path) -> None:
    table = frame().drop(columns="kind")
    path = saved(table, tmp_path, format="fixed")
    assert_same(path, table.drop(columns=["name", "survey"]))
    with open_table(path, "cat.h5") as reader:
        note = "Columns left out of the table: name, survey (Python objects, which pandas pickled)."
        assert note in reader.notes
    assert refusal(saved(table[["name", "survey"]], tmp_path, format="fixed")) == (
        "Columns of cat.h5 hold Python objects, which pandas pickled (name, survey); these are never opened, since "
        'they can run code. Save the table with to_hdf(…, format="table") or to_parquet(…), and send that.'
    )


def test_pytables_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cat.h5"
    columns = {"ra": tables.Float64Col(pos=0), "name": tables.StringCol(5, pos=1), "v": tables.Float32Col(3, pos=2),
               "ok": tables.BoolCol(pos=3)}  # fmt: skip
    with tables.open_file(path, "w") as file:
        table = file.create_table("/group", "cat", columns, createparents=True)
        table.append([(1.5, b"a", (1, 2, 3), True), (2.5, b"b", (4, 5, 6), False)])
        table.cols.ra.create_index()
    assert read(path).to_pydict() == {
        "ra": [1.5, 2.5],
        "name": ["a", "b"],
        "v": [[1, 2, 3], [4, 5, 6]],
        "ok": [True, False],
    }


def test_time_of_pytables_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cat.h5"
    with tables.open_file(path, "w") as file:
        file.create_table("/", "cat", {"when": tables.Time64Col(), "ra": tables.Float64Col()}).append([(2.0, 1.0)])
    assert read(path).to_pydict() == {"ra": [2.0]}
    with open_table(path, "cat.h5") as reader:
        assert reader.notes == ("Column left out of the table: when (a type that numpy does not have).",)


def test_group_of_arrays_at_the_root_with_big_endian_numbers_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file["ra"] = np.array([1.5, 2.5], ">f8")
        file["name"] = ["é", "b"]
        file["half"] = np.array([0.5, 1.5], "f2")
        file["pdf"] = np.arange(6).reshape(2, 3)
        file.attrs["n"] = 2
    assert read(path).to_pydict() == {
        "half": [0.5, 1.5],
        "name": ["é", "b"],
        "pdf": [[0, 1, 2], [3, 4, 5]],
        "ra": [1.5, 2.5],
    }


def test_largest_of_several_tables_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file["a/ra"] = np.arange(3.0)
        file["b/ra"] = np.arange(5.0)
    with open_table(path, "cat.hdf5") as reader:
        assert reader.details["group"] == "/b"
        assert "The largest table, /b, was read; there are others: /a (3 rows)." in reader.notes


def test_links_out_of_the_file_are_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["secret"] = np.arange(3.0)
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file["ra"] = np.arange(3.0)
        file["secret"] = h5py.ExternalLink(str(tmp_path / "other.hdf5"), "/secret")
        file["loop"] = h5py.SoftLink("/")
        file["again"] = file["/"]
    with open_table(path, "cat.hdf5") as reader:
        assert reader.schema.names == ["ra"]
        assert "2 links in / were not followed." in reader.notes


def test_values_in_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(24))
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("ra", (3,), "f8", external=[(str(tmp_path / "raw"), 0, 24)])
    assert refusal(path).startswith("cat.hdf5 has no column that can be read: ra (its values lie in other files).")
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.hdf5"), "ra", (3,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("ra", layout)
    assert refusal(path).startswith("cat.hdf5 has no column that can be read: ra (its values lie in other files).")


def test_table_that_would_grow_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("ra", (10**12,), "f8", chunks=(1000,), compression="gzip")
    assert re.search(r"would grow from \d\.\d kB to 8 000 000\.0 MB when unpacked", refusal(path))


@pytest.mark.parametrize("protocol", range(6))
def test_plain_pickles_are_read_as_pickle_reads_them(protocol: int) -> None:
    value = {0: {"names": [None, "é"], "n": (1, 2.5, True)}, "index": {"index_name": "id"}, "empty": [[], {}, ()]}
    assert plain_value(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_that_names_code_is_not_followed(protocol: int) -> None:
    with pytest.raises(ValueError, match="does more than to hold plain values"):
        plain_value(pickle.dumps([Path("x")], protocol))


def test_readers_never_import_pytables(tmp_path: Path) -> None:
    path = saved(frame(), tmp_path, format="table")
    code = (
        "import sys; from pathlib import Path; from products.readers import open_table\n"
        "sys.addaudithook(lambda event, _: sys.exit(f'{event} seen') if event == 'pickle.find_class' else None)\n"
        "with open_table(Path(sys.argv[1]), 'cat.h5') as reader: print(sum(b.num_rows for b in reader.batches()))\n"
        "assert 'tables' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("7", 0), done.stderr


def test_arrays_of_one_value_are_that_value_and_arrays_without_values_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "cat.hdf5"
    kind = np.dtype([("id", "i8", (1,)), ("pdf", "f8", (2, 1))])
    with h5py.File(path, "w") as file:
        file["ra"] = np.array([[1.5], [2.5]])
        file["name"] = np.array([["a"], ["é"]], dtype=object)
        file["deep"] = np.ones((2, 1, 1))
        file["row"] = np.arange(6.0).reshape(2, 1, 3)
        file["empty"] = np.empty((2, 0))
        file["square"] = np.ones((2, 2, 2))
    assert read(path).to_pydict() == {
        "deep": [1.0, 1.0],
        "name": ["a", "é"],
        "ra": [1.5, 2.5],
        "row": [[0, 1, 2], [3, 4, 5]],
    }
    with open_table(path, "cat.hdf5") as reader:
        assert reader.details["left_out"] == {"empty": "arrays without values", "square": "arrays of arrays"}
    with h5py.File(path, "w") as file:
        file["cat"] = np.array([([7], [[1.0], [2.0]])], kind)
    assert read(path).to_pydict() == {"id": [7], "pdf": [[1.0, 2.0]]}


def test_columns_are_in_the_order_in_which_they_were_created_where_the_file_has_it(tmp_path: Path) -> None:
    names = ["z_spec", "ra", "dec", "a", "z_phot"]
    for tracked in (True, False):
        path = tmp_path / "cat.hdf5"
        with h5py.File(path, "w", track_order=tracked) as file:
            group = file.create_group("cat", track_order=tracked)
            for name in names:
                group[name] = np.arange(3.0)
        assert read(path).column_names == (names if tracked else sorted(names))


def test_table_of_several_is_chosen_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "cat.hdf5"
    with h5py.File(path, "w") as file:
        file["a/ra"] = np.arange(3.0)
        file["b/ra"] = np.arange(5.0)
    with open_table(path, "cat.hdf5", table="/A") as reader:
        assert reader.rows == 3
        assert [(each.name, each.rows, each.is_read) for each in reader.tables] == [("/a", 3, True), ("/b", 5, False)]
        assert "The table, /a, was read; there are others: /b (5 rows)." in reader.notes
    with pytest.raises(InvalidValueError, match="has no table called /c; its tables are /a, /b"):
        open_table(path, "cat.hdf5", table="/c")
