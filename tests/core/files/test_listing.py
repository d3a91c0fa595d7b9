"""Listing of folders that others change."""

from pathlib import Path

import pytest

from core.files.listing import listed


def test_entries_come_with_their_status(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"four")
    (tmp_path / "b").mkdir()
    assert {path.name: status.st_size for path, status in listed(tmp_path, "*.txt")} == {"a.txt": 4}
    assert {path.name for path, _ in listed(tmp_path)} == {"a.txt", "b"}


def test_what_is_removed_after_the_folder_was_read_is_left_out(tmp_path: Path):
    names = {f"{number}" for number in range(5)}
    for name in names:
        (tmp_path / name).touch()
    entries = listed(tmp_path)
    first, _ = next(entries)
    for name in names - {first.name}:
        (tmp_path / name).unlink()
    assert list(entries) == []


@pytest.mark.parametrize("pattern", ["*", "??/*"])
def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path, pattern: str):
    assert list(listed(tmp_path / "none", pattern)) == []
