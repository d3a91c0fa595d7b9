"""Files cut from stored rows: which ones stay, and which ones are removed."""

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from tap.hats.cuts import CutFiles

_ROWS = pa.table({"z": pa.array(range(1000), pa.float64())})


def _cut(files: CutFiles, name: str) -> Path:
    return files.path(name, _ROWS.schema, lambda: iter([_ROWS]))


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_above_the_limit_those_used_least_recently_go(tmp_path: Path):
    size = _cut(CutFiles(tmp_path / "first", 10**9), "a").stat().st_size
    files = CutFiles(tmp_path / "files", 2 * size)
    for name, seconds in (("old", 300), ("newer", 200)):
        _age(_cut(files, name), seconds)
    _cut(files, "newest")
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"newer", "newest"}


def test_a_file_that_was_just_asked_for_stays_whatever_the_limit(tmp_path: Path):
    files = CutFiles(tmp_path, 0)
    first = _cut(files, "first")
    second = _cut(files, "second")
    assert first.exists()
    assert second.exists()


def test_a_cut_that_fails_leaves_no_file(tmp_path: Path):
    def rows():
        yield _ROWS
        message = "no rows"
        raise OSError(message)

    files = CutFiles(tmp_path, 10**9)
    with pytest.raises(OSError, match="no rows"):
        files.path("a", _ROWS.schema, rows)
    assert list(tmp_path.iterdir()) == []


def test_what_was_cut_from_rows_that_are_gone_is_swept(tmp_path: Path):
    files = CutFiles(tmp_path, 10**9)
    assert CutFiles(tmp_path / "missing", 1).sweep(lambda _: True) == 0
    for name in ("kept", "gone", ".left.part", "just-gone"):
        path = _cut(files, name)
        if name != "just-gone":
            _age(path, 7200)
    assert files.sweep(lambda name: name == "kept") == 2
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "just-gone"}
