"""Limits on the rows of a result: MAXREC (DALI 1.1 §3.4.4), and formats that cannot state an overflow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from core.errors import TooLargeError
from core.settings import Settings
from tap.results import ResultFormat

__all__ = ["RowLimit", "row_limit"]

#: Name of the HTTP header with the limit; a result of so many rows may have been cut.
_HEADER = "X-Row-Limit"


@dataclass(frozen=True, slots=True)
class RowLimit:
    """Limit on the rows of one result.

    Parameters
    ----------
    rows
        Maximum number of rows.
    is_error
        Whether more rows are an error: nobody chose the limit, and the format cannot state that rows were cut.
    """

    rows: int
    is_error: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that state the limit."""
        return {_HEADER: str(self.rows)}

    def checked(self, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        """Return batches that end in a TooLargeError when more rows than the limit are an error."""
        return _whole(batches, self.rows) if self.is_error else batches


def row_limit(settings: Settings, result_format: ResultFormat, maxrec: int | None) -> RowLimit:
    """Return the limit on the rows of a result.

    Parameters
    ----------
    maxrec
        The limit that the client requests; None to use the default, or that of the server in formats that cannot state
        an overflow.
    """
    most = settings.maxrec_limit
    if maxrec is None:
        return RowLimit(settings.maxrec_default) if result_format.states_overflow else RowLimit(most, is_error=True)
    return RowLimit(min(maxrec, most), is_error=maxrec > most and not result_format.states_overflow)


def _whole(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        if rows > most:
            raise TooLargeError(
                f"The result has more than {most} rows, the most of one answer, and this format cannot state that rows "
                "were cut. Set MAXREC, or request RESPONSEFORMAT=votable or parquet."
            )
        yield batch
