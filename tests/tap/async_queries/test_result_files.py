"""Stored results of asynchronous queries."""

from pathlib import Path

import pytest

from core.errors import NotFoundError, StorageFullError, TooLargeError
from core.files.kept import KeptFolder
from tap.async_queries.result_files import ResultFiles


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def results(tmp_path: Path, *, max_bytes: int = 100, min_free: int = 0) -> ResultFiles:
    return ResultFiles(KeptFolder(tmp_path / "results"), max_bytes=max_bytes, min_free=min_free)


def test_a_result_is_read_in_parts_and_knows_its_tables(tmp_path: Path, scratch: Path):
    files = results(tmp_path)
    assert files.write("a1", scratch, [b"one ", b"two"], ["s.b", "s.a", "s.b"]) == 7
    assert b"".join(files.read("a1", 0, 7)) == b"one two"
    assert b"".join(files.read("a1", 4, 6)) == b"tw"
    assert files.tables("a1") == ("s.a", "s.b")


def test_a_second_attempt_takes_the_place_of_the_first(tmp_path: Path, scratch: Path):
    files = results(tmp_path)
    files.write("a1", scratch, [b"one"], [])
    files.write("a1", scratch, [b"two"], [])
    assert b"".join(files.read("a1", 0, 3)) == b"two"


def test_a_result_beyond_the_limit_is_not_kept(tmp_path: Path, scratch: Path):
    files = results(tmp_path, max_bytes=5)
    with pytest.raises(TooLargeError, match="larger than"):
        files.write("a1", scratch, [b"one ", b"two"], [])
    with pytest.raises(NotFoundError, match="no longer exists"):
        files.tables("a1")


def test_nothing_is_written_when_there_is_no_room(tmp_path: Path, scratch: Path):
    with pytest.raises(StorageFullError, match="disk of the server is full"):
        results(tmp_path, min_free=1 << 62).write("a1", scratch, [b"one"], [])
    assert not list(scratch.iterdir())


def test_a_removed_result_is_gone_and_may_be_removed_again(tmp_path: Path, scratch: Path):
    files = results(tmp_path)
    files.write("a1", scratch, [b"one"], [])
    files.delete("a1")
    files.delete("a1")
    assert list((tmp_path / "results").iterdir()) == []
