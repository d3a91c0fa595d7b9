"""Lists of records that are shown as tables, in terminals and notebooks, and become frames of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["RecordList", "html_table"]

_Record = TypeVar("_Record")

_LONGEST = 60
_SHOWN = 50


class RecordList(Sequence[_Record], Generic[_Record]):
    """Records in their order; `_fields` are the attributes that are shown, `_key` the one by which they are found."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _key: ClassVar[str] = "name"
    _noun: ClassVar[str] = "record"

    def __init__(self, records: Iterable[_Record]) -> None:
        self._records = tuple(records)

    @overload
    def __getitem__(self, key: int | str) -> _Record: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[_Record]: ...
    def __getitem__(self, key: int | str | slice) -> _Record | Sequence[_Record]:
        if isinstance(key, str):
            for record in self._records:
                if getattr(record, self._key) == key:
                    return record
            message = f"There is no {self._noun} '{key}'; there are {', '.join(self.names) or 'none'}."
            raise KeyError(message)
        return self._records[key]

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        rows = [self._fields, *([_short(cell) for cell in row] for row in self._texts())]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self._fields))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *self._rest()])

    def _repr_html_(self) -> str:
        rest = "".join(f"<p>{line}</p>" for line in self._rest())
        return html_table(self._fields, self._texts()) + rest

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the records."""
        return tuple(str(getattr(record, self._key)) for record in self._records)

    def to_pandas(self) -> pd.DataFrame:
        """Return the records as a frame."""
        import pandas as pd

        rows = [[getattr(record, name) for name in self._fields] for record in self._records]
        return pd.DataFrame(rows, columns=list(self._fields))

    def _texts(self) -> list[tuple[str, ...]]:
        return [tuple(_text(getattr(record, name)) for name in self._fields) for record in self._records[:_SHOWN]]

    def _rest(self) -> list[str]:
        return [f"… and {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []


def html_table(fields: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in HTML of texts, which are escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in fields)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else " ".join(str(value).split())


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
