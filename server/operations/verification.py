"""Verification of stored files: checksums, rows without bytes, and bytes without a row."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from core.database import Database
from core.errors import PhotozError
from core.files import FileStore
from core.settings import Settings
from products.schema import ProductFileRow, ProductRow, ProductTableRow
from vospace.schema import NodeRow

__all__ = ["Findings", "verify"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Expected:
    """A file as the database describes it, with a text that names its owner."""

    stored_id: str
    size: int
    md5: str
    sha256: str
    owner: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Result of a verification; each problem is a message."""

    files: int
    size: int
    problems: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One line with the result and the first problems."""
        if not self.problems:
            return f"{self.files} files with {self.size / 1e6:.6g} MB have their checksums; there are no orphans"
        more = f"; and {len(self.problems) - _SHOWN} more" if len(self.problems) > _SHOWN else ""
        return f"{len(self.problems)} problems: {'; '.join(self.problems[:_SHOWN])}{more}"


def verify(settings: Settings, database: Database, store: FileStore) -> Findings:
    """Read every file once and compare it with its checksums; safe beside a running server."""
    there = set(store.ids())
    tables = {path.name for path in settings.tables_folder.iterdir()}
    problems, size, expected = [], 0, list(_expected(database))
    for each in expected:
        problem = _problem(store, each)
        size += each.size
        if problem is not None and _still_known(database, each.stored_id):
            problems.append(f"{each.owner}: {problem} ({each.stored_id})")
    known_tables = _table_ids(database)
    problems += [f"the rows of a product are missing (tables/{name})" for name in sorted(known_tables - tables)]
    # Files that were added or deleted meanwhile are no orphans.
    orphans = there - {each.stored_id for each in _expected(database)}
    orphans &= set(store.ids())
    problems += [f"orphaned bytes, which the server will remove (files/{name})" for name in sorted(orphans)]
    lost = (tables - _table_ids(database)) & {path.name for path in settings.tables_folder.iterdir()}
    problems += [f"orphaned rows, which the server will remove (tables/{name})" for name in sorted(lost)]
    return Findings(len(expected), size, tuple(problems))


def _expected(database: Database) -> Iterator[_Expected]:
    with database.read() as session:
        files = session.execute(
            select(ProductFileRow, ProductRow.internal_name).join(
                ProductRow, ProductRow.id == ProductFileRow.product_id
            )
        ).all()
        nodes = session.scalars(select(NodeRow).where(NodeRow.stored_id.is_not(None))).all()
    for row, product in files:
        yield _Expected(row.stored_id, row.size, row.md5, row.sha256, f"'{row.name}' of the product {product}")
    for node in nodes:
        owner = f"'{node.name}' in the home of {node.owner.name}"
        yield _Expected(node.stored_id or "", node.size, node.md5 or "", node.sha256 or "", owner)


def _table_ids(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(ProductTableRow.stored_id)))


def _still_known(database: Database, stored_id: str) -> bool:
    return any(each.stored_id == stored_id for each in _expected(database))


def _problem(store: FileStore, expected: _Expected) -> str | None:
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        for chunk in store.read(expected.stored_id):
            md5.update(chunk)
            sha256.update(chunk)
            size += len(chunk)
    except (PhotozError, OSError):
        return "its bytes are missing or cannot be read"
    if size != expected.size:
        return f"it has {size} bytes, not {expected.size}"
    if (md5.hexdigest(), sha256.hexdigest()) != (expected.md5, expected.sha256):
        return "its bytes are not those that were stored: the checksums differ"
    return None
