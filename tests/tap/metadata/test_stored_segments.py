"""Rows of metadata that outlive a process: what a later one takes over, and what it does not."""

import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.auth.models import ANONYMOUS, Identity
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.stored_segments import StoredSegments
from tap.models import RowFiles

EVERYBODY = reader_of(ANONYMOUS)
SOMEBODY = reader_of(Identity(user_id=7, name="somebody"))
MANY = [f"block {number}" for number in range(40)]


class Process:
    """Segments of a new process on the same folder, and the keys of the blocks whose rows it has made."""

    def __init__(self, folder: Path, edition: str = "1", version: int = 1) -> None:
        stored = StoredSegments(folder / "stored", lambda: edition, lambda: version)
        files = MetadataFiles(folder / "scratch", stored)
        self._segments = RowSegments(files, stored)
        self.made: list[str] = []

    def files(self, keys: list[str], reader: object = EVERYBODY) -> RowFiles:
        return self._segments.files("t", reader, [RowBlock(key, partial(self._rows, key)) for key in keys])

    def shown(self, keys: list[str], reader: object = EVERYBODY) -> list[str]:
        """Return the rows with pyarrow, without those that are hidden."""
        found = self.files(keys, reader)
        table = pq.read_table(list(map(str, found.files)))
        hidden = pc.is_in(table.column(found.block_column), pa.array(found.hidden, pa.int64()))
        return sorted(table.filter(pc.invert(hidden)).column("text").to_pylist())

    def _rows(self, key: str) -> pa.Table:
        self.made.append(key)
        return pa.table({"text": [key]})


@pytest.mark.parametrize("reader", [EVERYBODY, SOMEBODY])
def test_a_later_process_makes_only_what_has_changed(tmp_path, reader):
    Process(tmp_path).files(MANY)
    later = Process(tmp_path, version=2)
    now = [*MANY[1:], "changed"]
    assert later.shown(now, reader) == sorted(now)
    assert later.made == ["changed"]


def test_what_one_person_may_read_is_not_stored(tmp_path):
    Process(tmp_path).files([*MANY, "of somebody"], SOMEBODY)
    assert not list(tmp_path.glob("stored/**/*.parquet"))


def test_few_rows_are_not_stored_and_small_changes_are_not_written_each_time(tmp_path):
    first = Process(tmp_path)
    first.files(MANY[:10])
    assert not (tmp_path / "stored").exists()
    first.files(MANY)
    index = next(tmp_path.glob("stored/*/t.json"))
    before = index.stat().st_ino
    first.files([*MANY, "another"])
    assert index.stat().st_ino == before
    first.files([*MANY, *(f"another {number}" for number in range(30))])
    assert index.stat().st_ino != before
    named = {segment["file"] for segment in json.loads(index.read_text())["segments"]}
    assert named == {path.name for path in index.parent.glob("*.parquet")}


@pytest.mark.parametrize("difference", [{"edition": "2"}, {"version": 0}])
def test_rows_of_other_code_or_of_a_later_catalogue_are_made_anew(tmp_path, difference):
    Process(tmp_path).files(MANY)
    other = Process(tmp_path, **difference)
    assert other.shown(MANY) == sorted(MANY)
    assert other.made == MANY


def _remove(stored: Path) -> None:
    next(stored.glob("*.parquet")).unlink()


def _cut(stored: Path) -> None:
    path = next(stored.glob("*.parquet"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def _garble(stored: Path) -> None:
    (stored / "t.json").write_text('{"version": 1, "segments": [{"file"')


@pytest.mark.parametrize("damage", [_remove, _cut, _garble])
def test_damaged_files_are_made_anew(tmp_path, damage):
    Process(tmp_path).files(MANY)
    damage(tmp_path / "stored" / "1")
    later = Process(tmp_path)
    assert later.shown(MANY) == sorted(MANY)
    assert later.made == MANY


def test_stored_files_may_be_removed_while_they_are_read(tmp_path):
    Process(tmp_path).files(MANY)
    reading = Process(tmp_path)
    found = reading.files(MANY)
    for path in (tmp_path / "stored" / "1").iterdir():
        path.unlink()
    assert all(path.exists() for path in found.files)
    assert reading.shown(MANY) == sorted(MANY)
    assert reading.made == []


def test_one_process_at_a_time_makes_all_rows(tmp_path):
    stored = [StoredSegments(tmp_path, lambda: "1", lambda: 1) for _ in range(2)]
    with stored[0].making() as first, stored[1].making() as second:
        assert (first, second) == (True, False)
    with stored[1].making() as second:
        assert second
