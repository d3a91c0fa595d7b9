"""Tables of ``photoz`` about challenges: challenges, submissions and scores that the caller may see."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from core.auth.models import Identity
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.rows import rows_by_name
from tap.metadata.standard_tables import CHALLENGE_COLUMNS, CHALLENGE_KEYS, PHOTOZ_COLUMNS, standard_table
from tap.models import RowFiles, TapTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ChallengeBlock", "ChallengeSource", "ChallengeTables"]

_SCHEMA = "photoz"


class ChallengeBlock(Protocol):
    """A challenge with its submissions and scores, as one identity may see them."""

    @property
    def key(self) -> str:
        """A text that is another whenever what is seen is another."""

    def rows(self, table: str) -> Iterable[Mapping[str, object]]:
        """Return its rows of a table, by the names of columns; what is missing is null."""


class ChallengeSource(Protocol):
    """The challenges that identities may see."""

    def blocks(self, identity: Identity) -> Sequence[ChallengeBlock]:
        """Return the challenges that an identity may see."""


class ChallengeTables:
    """The tables of challenges, which belong to the schema ``photoz``.

    Parameters
    ----------
    source
        Returns the challenges; called when a query reads a table.
    files
        Where the rows are kept.
    """

    def __init__(self, source: Callable[[], ChallengeSource], files: MetadataFiles) -> None:
        self._source = source
        self._segments = RowSegments(files)

    def tables(self, identity: Identity) -> list[TapTable]:
        """Return the tables."""
        return [self._table(identity, name) for name in CHALLENGE_COLUMNS]

    def named(self, identity: Identity, name: str) -> list[TapTable]:
        """Return the table of a name in lower case, if there is one."""
        return [self._table(identity, name)] if name in CHALLENGE_COLUMNS else []

    def _table(self, identity: Identity, name: str) -> TapTable:
        order = len(PHOTOZ_COLUMNS) + list(CHALLENGE_COLUMNS).index(name)
        files = partial(self._rows, identity, name)
        return standard_table(_SCHEMA, name, CHALLENGE_COLUMNS[name], CHALLENGE_KEYS, files, order)

    def _rows(self, identity: Identity, name: str) -> RowFiles:
        parts = [RowBlock(block.key, partial(_block_rows, name, block)) for block in self._source().blocks(identity)]
        empty = RowBlock("", partial(rows_by_name, CHALLENGE_COLUMNS[name], ()))
        return self._segments.files(f"{_SCHEMA}.{name}", reader_of(identity), parts or [empty])


def _block_rows(name: str, block: ChallengeBlock) -> "pa.Table":
    return rows_by_name(CHALLENGE_COLUMNS[name], block.rows(name))
