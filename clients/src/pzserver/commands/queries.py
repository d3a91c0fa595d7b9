"""Command ``query``: rows of a query in ADQL, as text, CSV, JSON, Parquet, FITS or VOTable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pzserver.commands.connecting import connected, write_records

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from pzserver.tables.results import QueryResult

__all__ = ["add_commands"]

_TEXTS = ("text", "csv", "json")
_FILES = {"parquet": ".parquet", "fits": ".fits", "votable": ".vot", "ecsv": ".ecsv"}
_ENDINGS = {".csv": "csv", ".json": "json", ".xml": "votable", **{ending: name for name, ending in _FILES.items()}}


def add_commands(commands: Any) -> None:  # Any: argparse does not publish the type of subparsers
    """Add the command."""
    query = commands.add_parser("query", help="run a query in ADQL")
    query.add_argument("adql", help="the query, or - for the standard input")
    query.add_argument(
        "--format", choices=(*_TEXTS, *_FILES), help="format of the rows; by default by the ending of --out, else text"
    )
    query.add_argument("--out", "-o", metavar="FILE", help="file for the rows; by default the standard output")
    query.add_argument("--limit", type=int, metavar="ROWS", help="maximum number of rows")
    query.add_argument("--async", dest="is_async", action="store_true", help="run it as a job, for long queries")
    query.set_defaults(run=_query)


def _query(options: argparse.Namespace) -> None:
    import warnings

    from pzserver.tables.queries import OverflowWarning, run_async, run_sync

    adql = sys.stdin.read() if options.adql == "-" else options.adql
    out = None if options.out is None else Path(options.out)
    style = options.format or ("text" if out is None else _ENDINGS.get(out.suffix.lower(), ""))
    if not style:
        message = f"The ending of '{out}' names no format; give --format, one of {', '.join((*_TEXTS, *_FILES))}."
        raise ValueError(message)
    if out is None and style in _FILES:
        message = f"Rows in {style} need a file; give --out."
        raise ValueError(message)
    with connected(options) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", OverflowWarning)  # said below, in one line
        result = (run_async if options.is_async else run_sync)(server.connection, adql, maxrec=options.limit)
    if result.overflow:
        sys.stderr.write(f"pzserver: the server cut the result at {len(result)} rows; use --limit or --async\n")
    if out is None:
        write_records(result.to_arrow().to_pylist(), result.columns, style)
    else:
        _save(result, out, style)


def _save(result: QueryResult, path: Path, style: str) -> None:
    if style == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(result.to_arrow(), path)
    elif style == "csv":
        from pyarrow import csv

        csv.write_csv(result.to_arrow(), path)
    elif style in _FILES:
        names = {"fits": "fits", "votable": "votable", "ecsv": "ascii.ecsv"}
        result.to_table().write(path, format=names[style], overwrite=True)
    else:
        from contextlib import redirect_stdout

        with path.open("w", encoding="utf-8") as file, redirect_stdout(file):
            write_records(result.to_arrow().to_pylist(), result.columns, style)
