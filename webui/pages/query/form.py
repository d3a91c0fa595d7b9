"""Form of the query page: what was entered, and the parameters of TAP that it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InvalidValueError, PhotozError
from core.web.dali import DaliParameters
from tap.adql import QueryError
from tap.results import RESULT_FORMATS

__all__ = ["DOWNLOAD_FORMATS", "FIRST_QUERY", "QueryForm", "tap_parameters"]

FIRST_QUERY = (
    "SELECT TOP 20 display_name, product_type, table_name, row_count\nFROM photoz.products\nORDER BY row_count DESC"
)

#: Names of the formats in which results are downloaded.
DOWNLOAD_FORMATS = tuple(known.names[0] for name, known in RESULT_FORMATS.items() if name != "html")

_DEFAULT_ROWS = "10000"
_LONGEST = 100_000
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class QueryForm:
    """Content of the query page's form.

    Parameters
    ----------
    text
        The query; kept as it was entered.
    maxrec
        Maximum number of rows.
    format
        Format of the result of a job.
    search, page, table
        Search in the list of tables, its page, and the table whose columns are shown.
    position, radius, unit, cone_table
        Fields of the cone search.
    error
        Error of what was submitted.
    """

    text: str = ""
    maxrec: str = _DEFAULT_ROWS
    format: str = "votable"
    search: str = ""
    page: str = ""
    table: str = ""
    position: str = ""
    radius: str = ""
    unit: str = "arcsec"
    cone_table: str = ""
    error: PhotozError | None = field(default=None, compare=False)

    @classmethod
    def of(cls, fields: Mapping[str, str], error: PhotozError | None = None) -> "QueryForm":
        """Return the form with the fields of a request; line ends are those of queries."""
        names = ("search", "page", "table", "position", "radius", "cone_table")
        given = {name: fields.get(name, "")[:200] for name in names}
        return cls(
            text=fields.get("query", "").replace("\r\n", "\n")[:_LONGEST],
            maxrec=fields.get("maxrec", _DEFAULT_ROWS)[:20],
            format=fields.get("format", "votable") if fields.get("format") in DOWNLOAD_FORMATS else "votable",
            unit=fields.get("unit", "arcsec")[:20],
            error=error,
            **given,
        )

    @property
    def status(self) -> int:
        """HTTP status of the page."""
        return 200 if self.error is None else self.error.status

    @property
    def error_lines(self) -> tuple[int, int, str, str, str] | None:
        """The place of the error: line, column, and the line before, at and after the offending word."""
        if not isinstance(self.error, QueryError) or self.error.line is None or self.error.column is None:
            return None
        lines = self.text.split("\n")
        if not 1 <= self.error.line <= len(lines):
            return None
        line, start = lines[self.error.line - 1], self.error.column - 1
        end = start + 1
        while end < len(line) and (line[end].isalnum() or line[end] == "_"):
            end += 1
        return self.error.line, self.error.column, line[:start], line[start:end], line[end:]

    def error_of(self, name: str) -> str | None:
        """Return the error message of a field of the cone search or of the limit."""
        return self.error.message if self.error is not None and self.error.field == name else None

    @property
    def error_of_query(self) -> str | None:
        """The error message that belongs to the query as a whole."""
        own = {"position", "radius", "cone_table", "maxrec"}
        return None if self.error is None or self.error.field in own else self.error.message


def tap_parameters(form: QueryForm, result_format: str, *, maxrec: int | None = None) -> DaliParameters:
    """Return the parameters of TAP of a submitted form.

    Parameters
    ----------
    maxrec
        Maximum number of rows, in place of that of the form.

    Raises
    ------
    InvalidValueError
        The query is empty, or the maximum number of rows is none.
    """
    if not form.text.strip():
        message = "Enter a query."
        raise InvalidValueError(message, field="QUERY")
    entered = form.maxrec.strip()
    if maxrec is None and not (entered.isascii() and entered.isdecimal() and len(entered) <= _MOST_DIGITS):
        message = f"'{form.maxrec}' cannot be the maximum number of rows: enter a whole number."
        raise InvalidValueError(message, field="maxrec")
    pairs = {"LANG": "ADQL", "QUERY": form.text, "RESPONSEFORMAT": result_format}
    return DaliParameters((pairs | {"MAXREC": entered if maxrec is None else str(maxrec)}).items())
