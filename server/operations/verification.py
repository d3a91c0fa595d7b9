"""Verification of all that a server keeps: checksums, rows without bytes, and bytes without a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from core.database import Database
from core.errors import PhotozError
from core.files import FileStore
from core.files.parallel import in_threads
from core.settings import Settings
from server.data_folder import unlisted_entries
from server.operations.inventory import AT_ONCE, KEPT_PLACES, Inventory, KeptFile

__all__ = ["Findings", "verify"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Findings:
    """Result of a verification.

    Parameters
    ----------
    files, size
        Number and bytes of the files that were read.
    problems
        A sentence for each file that is missing or damaged.
    notes
        Sentences about what is no fault: bytes that the server will remove, and files without a checksum.
    """

    files: int
    size: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line with the result and the first problems and notes."""
        if not self.problems:
            return "; ".join(
                (f"{self.files} files with {self.size / 1e6:.6g} MB are as they were stored", *_first(self.notes))
            )
        return f"{len(self.problems)} problems: {'; '.join(_first(self.problems))}"


def verify(settings: Settings, database: Database, store: FileStore) -> Findings:
    """Read every kept file once, several at once, and compare it with its checksum; safe beside a running server."""
    inventory = Inventory(settings, store)
    there = {place: inventory.there(place) for place in KEPT_PLACES}
    found, size, unchecked = dict[tuple[str, str], str](), 0, 0
    expected = inventory.expected_now(database)
    checks = in_threads(partial(_problem, inventory), expected.values(), AT_ONCE, "verify")
    for file, (problem, read) in zip(expected.values(), checks, strict=True):
        size += read
        unchecked += file.sha256 is None and file.rows is not None
        if problem is not None:
            found[file.key] = f"{file.owner}: {problem} ({file.place}/{file.name})"
    now = inventory.expected_now(database)
    problems = [problem for key, problem in found.items() if key in now]  # others were deleted meanwhile
    notes = list(_notes(inventory, there, now))
    if unchecked:
        notes.append(f"{unchecked} tables were written before checksums were stored; their rows were read instead")
    if unlisted := unlisted_entries(settings):
        notes.append(f"no backup has {', '.join(unlisted)} of the data folder, which a server does not use")
    return Findings(len(expected), size, tuple(problems), tuple(notes))


def _notes(
    inventory: Inventory, there: dict[str, set[str]], expected: dict[tuple[str, str], KeptFile]
) -> Iterator[str]:
    """Name what no row refers to; files that were added or deleted meanwhile are left out."""
    for place, before in there.items():
        names = {name for kept, name in expected if kept == place}
        orphans = sorted((before - names) & inventory.there(place))
        if orphans:
            yield f"{len(orphans)} files in {place} that no row names will be removed ({place}/{orphans[0]})"


def _problem(inventory: Inventory, file: KeptFile) -> tuple[str | None, int]:
    """Return what is wrong with a file, and the bytes that were read."""
    try:
        sha256, size = inventory.digest(file)
    except (PhotozError, OSError):
        return "its bytes are missing or cannot be read", 0
    if file.size not in {None, size}:
        return f"it has {size} bytes, not {file.size}", size
    if file.sha256 not in {None, sha256}:
        return "its bytes are not those that were stored: the checksums differ", size
    if file.sha256 is None and file.rows is not None:
        return _problem_of_rows(inventory, file), size
    return None, size


def _problem_of_rows(inventory: Inventory, file: KeptFile) -> str | None:
    """Read a Parquet file without a checksum, row group after row group."""
    # A large import.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with inventory.kept[file.place].hold(file.name) as held, pq.ParquetFile(held.path) as opened:
            rows = sum(opened.read_row_group(group).num_rows for group in range(opened.num_row_groups))
    except (PhotozError, OSError, pa.ArrowException) as e:
        return f"its rows cannot be read: {str(e).partition(chr(10))[0]}"
    return None if rows == file.rows else f"it has {rows} rows, not {file.rows}"


def _first(sentences: tuple[str, ...]) -> tuple[str, ...]:
    more = (f"and {len(sentences) - _SHOWN} more",) if len(sentences) > _SHOWN else ()
    return (*sentences[:_SHOWN], *more)
