"""Tables of ``photoz`` about challenges: challenges, submissions and scores that the caller may see."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from core.auth.models import Identity
from core.columns import Column
from tap.adql import CatalogTable
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.metadata.rows import rows_by_name
from tap.models import ForeignKey, RowFiles, TapTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ChallengeBlock", "ChallengeSource", "ChallengeTables"]

_SCHEMA = "photoz"


def _text(name: str, description: str, ucd: str | None = None) -> Column:
    return Column(name, "unicodeChar", "*", ucd=ucd, description=description)


def _time(name: str, description: str) -> Column:
    return Column(name, "char", "*", xtype="timestamp", ucd="time", description=description)


def _double(name: str, description: str, ucd: str) -> Column:
    return Column(name, "double", ucd=ucd, description=description)


def _number(name: str, description: str, ucd: str) -> Column:
    return Column(name, "long", ucd=ucd, description=description)


_CHALLENGE = _text("challenge", "Name of the challenge", "meta.id.parent")
_TASK_SET = _text("task_set", "Name of the task set", "meta.id")

#: Columns of the tables.
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "challenges": (
        _text("name", "Name of the challenge", "meta.id;meta.main"),
        _text("title", "Display name", "meta.title"),
        _text("description", "What the challenge is about", "meta.note"),
        _text("state", "open, closed or published; draft for its organisers", "meta.code.status"),
        _text("task_sets", "Names of the task sets, separated by commas"),
        _text("primary_metric", "Metric of the ranking"),
        _time("opens_at", "Time (UTC) from which submissions are accepted"),
        _time("closes_at", "Time (UTC) from which the challenge is closed"),
    ),
    "submissions": (
        _number("submission_id", "Number of the submission", "meta.id;meta.main"),
        _CHALLENGE,
        _TASK_SET,
        _text("method", "Name of the method", "meta.title"),
        _text("authors", "Authors, separated by semicolons", "meta.bib.author"),
        _text("submitted_by", "Account of who submitted it"),
        _text(
            "state", "scored; of submissions of your own also queued, rejected, failed or withdrawn", "meta.code.status"
        ),
        _text("code", "Address of the code", "meta.ref.url"),
        _double("seconds", "Time that the estimation took, in seconds, as stated", "time.duration"),
        _time("submitted_at", "Time (UTC) of the submission"),
        _time("scored_at", "Time (UTC) of its scores"),
    ),
    "scores": (
        _CHALLENGE,
        _TASK_SET,
        _number("submission_id", "Number of the submission", "meta.id"),
        _text("metric", "Name of the metric", "meta.id"),
        _text("subset", "Part of the truth, public, private or all, or a bin of a part", "meta.id"),
        _double("value", "Value of the metric", "stat.value"),
        _double("uncertainty", "Standard error, by bootstrap", "stat.error"),
        _number("objects", "Objects of the subset", "meta.number"),
    ),
}
_DESCRIPTIONS: Mapping[str, str] = {
    "challenges": "Challenges that you may see",
    "submissions": "Submissions to challenges: those on boards, and your own",
    "scores": "Scores of submissions to challenges that you may see now",
}
_KEYS = (
    ForeignKey("photoz_5", "photoz.submissions", "photoz.challenges", (("challenge", "name"),), "Its challenge"),
    ForeignKey(
        "photoz_6", "photoz.scores", "photoz.submissions", (("submission_id", "submission_id"),), "Its submission"
    ),
)


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
    first
        Place of the first table in the schema.
    """

    def __init__(self, source: Callable[[], ChallengeSource], files: MetadataFiles, first: int) -> None:
        self._source = source
        self._segments = RowSegments(files)
        self._first = first

    def tables(self, identity: Identity) -> list[TapTable]:
        """Return the tables."""
        return [self._table(identity, name) for name in _COLUMNS]

    def named(self, identity: Identity, name: str) -> list[TapTable]:
        """Return the table of a name in lower case, if there is one."""
        return [self._table(identity, name)] if name in _COLUMNS else []

    def _table(self, identity: Identity, name: str) -> TapTable:
        columns, full_name = _COLUMNS[name], f"{_SCHEMA}.{name}"
        return TapTable(
            schema=_SCHEMA,
            entry=CatalogTable(
                name=full_name,
                columns=columns,
                position=None,
                sorted_by_healpix=False,
                engine_schema=_SCHEMA,
                engine_table=name,
            ),
            description=_DESCRIPTIONS[name],
            principal=frozenset(column.name for column in columns),
            located=partial(self._rows, identity, name),
            order=self._first + list(_COLUMNS).index(name),
            foreign_keys=tuple(key for key in _KEYS if key.from_table == full_name),
        )

    def _rows(self, identity: Identity, name: str) -> RowFiles:
        parts = [RowBlock(block.key, partial(_block_rows, name, block)) for block in self._source().blocks(identity)]
        empty = RowBlock("", partial(rows_by_name, _COLUMNS[name], ()))
        return self._segments.files(f"{_SCHEMA}.{name}", reader_of(identity), parts or [empty])


def _block_rows(name: str, block: ChallengeBlock) -> "pa.Table":
    return rows_by_name(_COLUMNS[name], block.rows(name))
