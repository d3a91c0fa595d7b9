"""Zips that are made while they are sent, read by Python's zipfile and by unzip."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.files.zip_stream import BrokenMemberError, ZipMember, zip_bytes, zip_size

TIME = datetime(2026, 11, 23, 4, 24, 18, tzinfo=UTC)
FILES = {"7_vvds/cat.csv": b"ra,dec\n" * 1000, "7_vvds/Größe ☆.txt": b"", "plot.png": bytes(range(256)) * 99}


def member(name: str, data: bytes) -> ZipMember:
    return ZipMember(name, len(data), TIME, lambda: iter([data[:10], data[10:]]))


MEMBERS = [member(name, data) for name, data in FILES.items()]
WHOLE = b"".join(zip_bytes(MEMBERS))


def test_zipfile_reads_what_was_put_in_with_names_and_times():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 23, 4, 24, 18)}
    assert len(WHOLE) == zip_size(MEMBERS)


def test_unzip_finds_no_error(tmp_path: Path):
    command = shutil.which("unzip")
    if command is None:
        pytest.skip("unzip is not installed: apt-get install unzip")
    (tmp_path / "a.zip").write_bytes(WHOLE)
    done = subprocess.run([command, "-t", tmp_path / "a.zip"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_zip_of_nothing_is_a_zip():
    assert zip_size([]) == len(b"".join(zip_bytes([])))
    assert zipfile.ZipFile(io.BytesIO(b"".join(zip_bytes([])))).namelist() == []


@pytest.mark.parametrize("start", [0, 1, 29, 30, 500, len(WHOLE) - 30, len(WHOLE) - 1, len(WHOLE)])
@pytest.mark.parametrize("length", [None, 0, 1, 7000])
def test_every_range_is_that_part_of_the_whole(start: int, length: int | None):
    end = None if length is None else min(len(WHOLE), start + length)
    assert b"".join(zip_bytes(MEMBERS, start, end)) == WHOLE[start:end]


@pytest.mark.parametrize("said", [3, 5])
def test_a_member_of_another_size_than_it_said_breaks_the_zip_off(said: int):
    with pytest.raises(BrokenMemberError, match="has 4 bytes"):
        list(zip_bytes([ZipMember("x", said, TIME, lambda: iter([b"abcd"]))]))


@pytest.mark.slow
def test_a_member_beyond_four_gigabytes_is_read_back(tmp_path: Path):
    chunk, count = bytes(1 << 24), 257

    def zeros() -> Iterator[bytes]:
        return (chunk for _ in range(count))

    members = [ZipMember("large", len(chunk) * count, TIME, zeros), member("after", b"small")]
    path, size = tmp_path / "large.zip", 0
    with path.open("wb") as file:
        for part in zip_bytes(members):
            size += len(part)
            # The zeros become a hole in the file, so that the disk does not hold four gigabytes.
            file.seek(len(part), io.SEEK_CUR) if part is chunk or part == chunk else file.write(part)
    assert size == zip_size(members)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("large").file_size == len(chunk) * count
        assert archive.read("after") == b"small"
        with archive.open("large") as large:
            assert large.read(10) == bytes(10)
