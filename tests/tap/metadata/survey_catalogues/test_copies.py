"""Copies of partitions: they are of one version of the original whatever is replaced or killed, and removed once."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ServiceBusyError
from tap.metadata.survey_catalogues import copy_records
from tap.metadata.survey_catalogues.copies import PartitionCopies
from tap.metadata.survey_catalogues.copy_records import removed_copy
from tap.metadata.survey_catalogues.places import CatalogueFolder
from tests.support.files_over_http import folder_over_http
from tests.support.waiting import wait_for

_NAME = "Norder=0/Npix=3.parquet"
_COLUMNS = ("id", "z")
_ROWS = 5000


@dataclass(slots=True)
class Original:
    """A partition that can be replaced by another one of the same size."""

    file: Path
    root: CatalogueFolder
    #: What is done when the partition is read or asked for its version for the nth time from now on.
    then: dict[tuple[str, int], Callable[[], object]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def replace(self, number: int, *, moved: bool = False) -> None:
        """Write the rows of a version, of which no value is in another one, some seconds after the last one.

        Parameters
        ----------
        moved
            Whether ``z`` stands where ``id`` is else.
        """
        rows = np.arange(_ROWS) + number * _ROWS
        columns = {"id": rows, "z": -rows, "other": rows}
        before = self.file.stat() if self.file.exists() else None
        new = self.file.with_suffix(".new")
        table = pa.table(columns).select(["z", "id", "other"] if moved else list(columns))
        pq.write_table(table, new, compression="none", use_dictionary=False)
        if before is not None:
            assert new.stat().st_size == before.st_size
            os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns + 5_000_000_000))
        new.rename(self.file)

    def read(self, copies: PartitionCopies, *columns: str) -> list[int]:
        """Read columns of the copy, and give the versions that their values are of."""
        (copy,) = copies.paths(self.root, [_NAME], columns)
        rows = pq.read_table(copy, columns=list(columns))
        return sorted({int(abs(value)) // _ROWS for column in rows.columns for value in column.to_numpy()})


@pytest.fixture(params=["folder", "http"])
def original(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Original]:
    file = tmp_path / "sky" / _NAME
    file.parent.mkdir(parents=True)
    with folder_over_http(tmp_path) as url:
        made = Original(file, CatalogueFolder(f"{url if request.param == 'http' else tmp_path}/sky"))
        made.replace(1)
        for name in ("ranges", "version"):
            monkeypatch.setattr(CatalogueFolder, name, _counted(made, name))
        yield made


def _counted(original: Original, name: str) -> Callable[..., object]:
    method = getattr(CatalogueFolder, name)

    def call(*given: object) -> object:
        original.counts[name] = original.counts.get(name, 0) + 1
        original.then.pop((name, original.counts[name]), lambda: None)()
        return method(*given)

    return call


@pytest.fixture
def copies(tmp_path: Path) -> PartitionCopies:
    return PartitionCopies(tmp_path / "copies", 10_000_000)


def test_columns_of_a_partition_that_was_replaced_are_not_mixed_with_those_copied_before(
    original: Original, copies: PartitionCopies
):
    assert original.read(copies, "id") == [1]
    original.replace(2)
    assert original.read(copies, *_COLUMNS) == [2]
    assert original.read(copies, "id") == [2]


def test_a_new_copy_has_the_columns_of_the_one_whose_place_it_takes(original: Original, copies: PartitionCopies):
    (copy,) = copies.paths(original.root, [_NAME], _COLUMNS)  # as a query does that waits for a process
    original.replace(2)
    assert original.read(copies, "other") == [2]
    rows = pq.read_table(copy, columns=list(_COLUMNS))
    assert rows["id"].to_pylist() == [-value for value in rows["z"].to_pylist()] == list(range(2 * _ROWS, 3 * _ROWS))


def test_an_original_is_asked_again_whether_it_was_replaced(
    original: Original, copies: PartitionCopies, monkeypatch: pytest.MonkeyPatch
):
    assert original.read(copies, "id") == [1]
    original.replace(2)
    original.counts.clear()
    assert original.read(copies, "id") == [1]
    assert not original.counts  # asked less than a minute ago
    monkeypatch.setattr(copy_records, "_FRESH_SECONDS", 0.0)
    assert original.read(copies, "id") == [2]
    original.counts.clear()
    assert original.read(copies, "id") == [2]
    assert original.counts == {"version": 1}


def test_a_copy_serves_while_its_place_does_not_respond(
    original: Original, copies: PartitionCopies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert original.read(copies, "id") == [1]
    monkeypatch.setattr(copy_records, "_FRESH_SECONDS", 0.0)
    original.file.rename(tmp_path / "away")
    assert original.read(copies, "id") == [1]
    with pytest.raises(ServiceBusyError, match="does not respond"):
        original.read(copies, *_COLUMNS)
    (tmp_path / "away").rename(original.file)
    original.replace(2)
    assert original.read(copies, "id") == [2]


@pytest.mark.parametrize("nth", [1, 2])  # the first bytes that are read are those of the footer
@pytest.mark.parametrize("before", [True, False])
def test_a_partition_that_is_replaced_while_it_is_copied_is_copied_anew(
    original: Original, copies: PartitionCopies, tmp_path: Path, before: bool, nth: int
):
    if before:
        assert original.read(copies, "id") == [1]
        original.counts.clear()
    original.then["ranges", nth] = lambda: original.replace(2, moved=True)
    with pytest.raises(ServiceBusyError, match=r"Npix=3.*is being replaced"):
        original.read(copies, *_COLUMNS)
    for copy in (tmp_path / "copies").glob("*.parquet"):  # of a query that was planned before
        assert pq.read_table(copy, columns=["id"])["id"].to_pylist() == list(range(_ROWS, 2 * _ROWS))
    assert original.read(copies, *_COLUMNS) == [2]
    assert original.read(copies, "id") == [2]


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("moment", [("version", 1), ("ranges", 1), ("ranges", 2), ("version", 2)])
def test_a_process_that_is_killed_while_it_copies_leaves_no_columns_of_another_version(
    original: Original, copies: PartitionCopies, moment: tuple[str, int]
):
    def die() -> None:
        raise _KilledError

    assert original.read(copies, *_COLUMNS) == [1]
    original.replace(2)
    original.counts.clear()
    original.then[moment] = die
    with pytest.raises(_KilledError):
        original.read(copies, "id", "other")
    assert original.read(copies, "id", "other") == [2]
    assert original.read(copies, *_COLUMNS) == [2]


@pytest.mark.parametrize("record", ["", "[", "{}", '{"size": 12, "columns": ["id"]}'])
def test_a_copy_without_a_record_that_can_be_read_is_copied_anew(
    original: Original, copies: PartitionCopies, tmp_path: Path, record: str
):
    assert original.read(copies, "id") == [1]
    (marks,) = (tmp_path / "copies").glob("*.columns")
    marks.write_text(record)
    assert original.read(copies, *_COLUMNS) == [1]


def test_a_query_that_reads_no_column_has_a_copy_with_the_number_of_rows(original: Original, copies: PartitionCopies):
    (copy,) = copies.paths(original.root, [_NAME], [])
    assert pq.read_metadata(copy).num_rows == _ROWS
    assert original.read(copies, "z") == [1]


def test_a_copy_that_is_removed_while_a_query_waits_for_it_is_made_anew(
    original: Original, copies: PartitionCopies, tmp_path: Path
):
    (copy,) = copies.paths(original.root, [_NAME], ["id"])
    (marks,) = (tmp_path / "copies").glob("*.columns")
    waiting = threading.Thread(target=copies.paths, args=(original.root, [_NAME], ["id"]))
    with marks.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as another process that removes it
        waiting.start()
        wait_for(lambda: _times_opened(marks) > 1)
        copy.unlink()
        marks.unlink()
    waiting.join(60)
    assert pq.read_table(copy, columns=["id"]).equals(pq.read_table(original.file, columns=["id"]))
    assert marks.exists()  # without it nobody would ever remove the copy


def _times_opened(path: Path) -> int:
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            count += link.readlink() == path
    return count


def test_two_processes_that_sweep_at_once_remove_each_copy_once(tmp_path: Path):
    for number in range(200):
        (tmp_path / f"{number}.parquet").write_bytes(b"x" * 5000)
        marks = tmp_path / f"{number}.columns"
        marks.write_text("{}")
        os.utime(marks, (1_000_000_000, 1_000_000_000))
    start = threading.Barrier(2)

    def sweep(copies: PartitionCopies) -> int:
        start.wait()
        copies.used_bytes()
        return copies.sweep()

    with ThreadPoolExecutor(2) as both:
        removed = list(both.map(sweep, [PartitionCopies(tmp_path, 0), PartitionCopies(tmp_path, 0)]))
    assert sum(removed) == 200
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_was_made_anew_since_it_was_listed_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy, marks, before = (tmp_path / name for name in ("1.parquet", "1.columns", "before"))
    copy.write_bytes(b"new")
    marks.write_text("{}")
    before.write_text("{}")
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened(before if path == marks else path, mode))
    assert removed_copy(marks) == 0  # it opened the record of the copy that another process removed
    assert copy.exists()
    assert marks.exists()
