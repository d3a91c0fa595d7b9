"""Files that arrive in parts at several servers with one S3 and one database: nothing that was stored is lost."""

import hashlib
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import s3fs
from sqlalchemy import select

from core.database import Base, Database
from core.errors import ConflictError, NotFoundError, ServiceBusyError, TooLargeError
from core.files.object_store import ObjectStore
from core.files.partial.schema import PartialFileRow, PartialPieceRow
from core.files.partial.storage import arriving_bytes
from tests.support.s3 import running_s3

_MIB = 1 << 20
_LIMIT = 1 << 30


@pytest.fixture(scope="module", autouse=True)
def _s3() -> Iterator[None]:
    with running_s3("parts"):
        yield


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/database")
    Base.metadata.create_all(database.engine, tables=[PartialFileRow.__table__, PartialPieceRow.__table__])  # type: ignore[list-item] - of SQLAlchemy
    yield database
    database.close()


@pytest.fixture
def stores(database: Database, tmp_path: Path) -> tuple[ObjectStore, ObjectStore]:
    """Two servers."""
    one, two = (
        ObjectStore.at(
            f"s3://parts/{tmp_path.name}", tmp_path / n / "staging", tmp_path / n / "copies", database=database
        )
        for n in ("one", "two")
    )
    return one, two


def _pieces(tmp_path: Path) -> set[str]:
    return {key.rpartition("/")[2] for key in s3fs.S3FileSystem().find(f"parts/{tmp_path.name}/parts")}


def _send(store: ObjectStore, upload: str, *chunks: bytes) -> int:
    with store.resume(upload, limit=_LIMIT) as file:
        file.lock()
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        return file.size


def test_parts_that_alternate_between_servers_make_the_file(stores, tmp_path: Path) -> None:
    content = os.urandom(10 * _MIB + 17)
    upload, starts = stores[0].begin("user7", "a note"), (0, 3, _MIB, 10 * _MIB, 10 * _MIB + 1, len(content))
    for number, (start, end) in enumerate(pairwise(starts)):
        store = stores[number % 2]
        assert store.partial_size(upload) == start
        assert _send(store, upload, content[start:end]) == end
        other = stores[1 - number % 2]
        assert other.resume(upload, limit=_LIMIT).md5 == hashlib.md5(content[:end]).hexdigest()
    assert [(part.file_id, part.note, part.size) for part in stores[1].noted()] == [(upload, "a note", len(content))]
    assert stores[1].partial_bytes(upload, 70_000) == content[:70_000]
    with stores[1].resume(upload, limit=_LIMIT) as file:
        stored = file.finish()
    assert (stored.size, stored.md5) == (len(content), hashlib.md5(content).hexdigest())
    assert stored.sha256 == hashlib.sha256(b"".join(stores[0].read(stored.id))).hexdigest()
    assert stores[0].partial_size(upload) == len(content)  # until it is registered
    stores[0].abandon(upload)
    assert (_pieces(tmp_path), stores[1].partial_size(upload), list(stores[1].noted())) == (set(), 0, [])
    assert set(stores[0].ids()) == {stored.id}
    for folder in ("one", "two"):
        assert [path for path in (tmp_path / folder).rglob("*") if path.is_file()] == []
    with pytest.raises(NotFoundError, match="start it again"):
        stores[0].resume(upload, limit=_LIMIT)


def test_the_newest_request_writes_and_an_older_one_adds_nothing_more(stores, tmp_path: Path) -> None:
    upload = stores[0].begin()
    old = stores[0].resume(upload, limit=_LIMIT)
    old.lock()
    old.write(b"x" * (8 * _MIB + 5))  # a server that dies now loses the last five bytes
    assert stores[1].partial_size(upload) == 8 * _MIB
    stale = stores[1].resume(upload, limit=_LIMIT)
    assert _send(stores[1], upload, b"new") == 8 * _MIB + 3
    with pytest.raises(ConflictError, match="Another request"):
        old.write(b"x" * (8 * _MIB))
    old.__exit__(None, None, None)
    with pytest.raises(ConflictError, match="Another request"):
        stale.lock()
    assert (stores[0].partial_size(upload), len(_pieces(tmp_path))) == (8 * _MIB + 3, 2)


def test_a_revert_cuts_in_the_middle_of_a_piece_and_marks_hold_everywhere(stores, tmp_path: Path) -> None:
    upload = stores[0].begin()
    _send(stores[0], upload, b"abc")
    with stores[1].resume(upload, limit=_LIMIT) as file:
        file.mark()
        file.write(b"wrong")
    with stores[0].resume(upload, limit=_LIMIT) as file:
        file.revert()
    assert _send(stores[1], upload, b"def") == 6
    with stores[1].resume(upload, limit=_LIMIT) as file:
        assert file.md5 == hashlib.md5(b"abcdef").hexdigest()
        file.mark()
    with stores[0].resume(upload, limit=_LIMIT) as file:
        file.revert()
    with stores[0].resume(upload, limit=_LIMIT) as file:
        assert (file.size, b"".join(stores[1].read(file.finish().id))) == (6, b"abcdef")
    assert len(_pieces(tmp_path)) == 2


def test_the_limit_and_the_account_count_what_has_arrived(stores, database: Database) -> None:
    upload, other = stores[0].begin("user7"), stores[1].begin("user8")
    _send(stores[0], upload, b"12345")
    _send(stores[1], other, b"1")
    with stores[1].resume(upload, limit=8) as file:
        file.write(b"678")
        with pytest.raises(TooLargeError):
            file.write(b"9")
    with database.read() as session:
        assert (arriving_bytes(session, "user7"), arriving_bytes(session, "user7", without=upload)) == (8, 0)


def test_the_sweep_removes_what_was_given_up_and_pieces_of_no_file(stores, database, tmp_path: Path) -> None:
    known, given_up = stores[0].begin(), stores[0].begin()
    for upload in (known, given_up):
        _send(stores[1], upload, b"abc")
    s3fs.S3FileSystem().pipe_file(f"parts/{tmp_path.name}/parts/{'0' * 32}", b"of a server that was killed")
    assert stores[1].sweep(frozenset({known}), older_than=3600) == 0
    assert stores[1].sweep(frozenset({known}), older_than=-10) == 3
    with database.read() as session:
        assert _pieces(tmp_path) == set(session.scalars(select(PartialPieceRow.stored_id)))
    assert (stores[0].partial_size(known), stores[0].partial_size(given_up)) == (3, 0)


def test_a_damaged_or_missing_piece_ends_the_upload_and_makes_no_file(stores, tmp_path: Path) -> None:
    for damage in (lambda key: s3fs.S3FileSystem().pipe_file(key, b"aXc"), s3fs.S3FileSystem().rm_file):
        upload = stores[0].begin()
        _send(stores[0], upload, b"abc")
        (piece,) = _pieces(tmp_path)
        damage(f"parts/{tmp_path.name}/parts/{piece}")
        with stores[1].resume(upload, limit=_LIMIT) as file, pytest.raises(NotFoundError):
            file.finish()
        assert (list(stores[1].ids()), stores[1].partial_size(upload), _pieces(tmp_path)) == ([], 0, set())


def test_while_s3_is_away_nothing_is_said_to_be_stored(stores, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = stores[0].begin()
    _send(stores[0], upload, b"abc")
    file = stores[0].resume(upload, limit=_LIMIT)
    file.write(b"def")
    with monkeypatch.context() as patch:
        patch.setattr(stores[0]._filesystem, "pipe_file", _away)
        with pytest.raises(ServiceBusyError):
            file.flush()
        file.__exit__(None, None, None)
    assert (file.size, stores[1].partial_size(upload)) == (3, 3)
    assert _send(stores[1], upload, b"def") == 6


def _away(*_args: object) -> None:
    raise ConnectionError
