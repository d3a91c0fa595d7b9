"""Table of result formats, and selection by RESPONSEFORMAT (TAP 1.1 §2.7.3, DALI 1.1 §3.4.3).

The default is BINARY2: it distinguishes null, empty and NaN, it is a third of the size of TABLEDATA and is written and
read several times faster, and pyvo, astropy, STILTS, TOPCAT and Aladin all read it. ``text/xml`` is TABLEDATA, for
users who read the document.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import pyarrow as pa

from core.errors import InvalidValueError
from core.votable import TableDescription, write_votable
from tap.results.arrow_stream import write_arrow
from tap.results.delimited import write_csv, write_tsv
from tap.results.ecsv import write_ecsv
from tap.results.fits import write_fits
from tap.results.html_page import PAGE_HEADERS, write_html
from tap.results.json_table import write_json
from tap.results.parquet import write_parquet
from tap.results.votable_fits import write_votable_fits

__all__ = ["DEFAULT_FORMAT", "RESULT_FORMATS", "ResultFormat", "ResultWriter", "format_for"]

_TAPREGEXT = "ivo://ivoa.net/std/TAPRegExt#output-"


class ResultWriter(Protocol):
    """Writer of one format, from Arrow batches to chunks of bytes."""

    def __call__(
        self, description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
    ) -> Iterator[bytes]:
        """Yield the chunks of a file with at most ``limit`` rows."""


@dataclass(frozen=True, slots=True)
class ResultFormat:
    """A result format.

    Parameters
    ----------
    names
        Short names for RESPONSEFORMAT.
    media_types
        Media types for RESPONSEFORMAT; the response has the requested one, else the first.
    ivo_id
        Identifier of the format in the capabilities (TAPRegExt 1.0 §2.4).
    headers
        HTTP headers in addition to Content-Type, which protect a browser that shows the result.
    states_overflow
        Whether a table says that rows were cut, as all readers of the format understand.
    """

    names: tuple[str, ...]
    media_types: tuple[str, ...]
    extension: str
    write: ResultWriter
    ivo_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    states_overflow: bool = True

    @property
    def content_type(self) -> str:
        """The Content-Type of the response."""
        return self.media_types[0]


#: All formats, by name. To add one: a module with a `ResultWriter`, and a line here.
RESULT_FORMATS: Mapping[str, ResultFormat] = {
    "votable": ResultFormat(
        ("votable", "votable/b2"),
        ("application/x-votable+xml", "application/x-votable+xml;serialization=BINARY2"),
        "vot",
        partial(write_votable, serialization="BINARY2"),
        _TAPREGEXT + "votable-binary2",
    ),
    "votable-tabledata": ResultFormat(
        ("votable/td",),
        ("application/x-votable+xml;serialization=TABLEDATA", "text/xml"),
        "vot",
        partial(write_votable, serialization="TABLEDATA"),
        _TAPREGEXT + "votable-td",
    ),
    "votable-binary": ResultFormat(
        ("votable/b",),
        ("application/x-votable+xml;serialization=BINARY",),
        "vot",
        partial(write_votable, serialization="BINARY"),
        _TAPREGEXT + "votable-binary",
    ),
    "votable-fits": ResultFormat(
        ("votable/fits",), ("application/x-votable+xml;serialization=FITS",), "vot", write_votable_fits
    ),
    "csv": ResultFormat(("csv",), ("text/csv;header=present", "text/csv"), "csv", write_csv, states_overflow=False),
    "tsv": ResultFormat(
        ("tsv", "text"), ("text/tab-separated-values", "text/plain"), "tsv", write_tsv, states_overflow=False
    ),
    "parquet": ResultFormat(
        ("parquet",), ("application/vnd.apache.parquet", "application/x-parquet"), "parquet", write_parquet
    ),
    "fits": ResultFormat(("fits",), ("application/fits",), "fits", write_fits),
    "ecsv": ResultFormat(("ecsv",), ("text/x-ecsv",), "ecsv", write_ecsv, states_overflow=False),
    "json": ResultFormat(("json",), ("application/json",), "json", write_json),
    "arrow": ResultFormat(("arrow",), ("application/vnd.apache.arrow.stream",), "arrows", write_arrow),
    "html": ResultFormat(("html",), ("text/html;charset=utf-8", "text/html"), "html", write_html, headers=PAGE_HEADERS),
}

DEFAULT_FORMAT = RESULT_FORMATS["votable"]


def format_for(responseformat: str | None) -> ResultFormat:
    """Return the requested format, with the requested media type first.

    Raises
    ------
    core.errors.InvalidValueError
        There is no such format; the message lists the formats.
    """
    wanted = _normalised(responseformat or "")
    if not wanted:
        return DEFAULT_FORMAT
    for known in RESULT_FORMATS.values():
        if wanted in known.names:
            return known
        for media_type in known.media_types:
            if wanted == _normalised(media_type):
                return replace(known, media_types=(media_type, *(m for m in known.media_types if m != media_type)))
    listed = ", ".join(name for known in RESULT_FORMATS.values() for name in (*known.names, *known.media_types))
    raise InvalidValueError(
        f"Results cannot be written as {responseformat!r}. RESPONSEFORMAT may be {listed}.", field="RESPONSEFORMAT"
    )


def _normalised(text: str) -> str:
    """Return a media type in lower case without spaces; case has no meaning in it (RFC 9110 §8.3.1)."""
    return ";".join(part.strip() for part in text.split(";")).lower()
