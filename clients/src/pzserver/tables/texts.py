"""Reader of text tables with the dialect that the server detected."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from astropy.table import Table

__all__ = ["read_text"]


def read_text(path: Path, main_file: Mapping[str, Any], delimiter: str | None) -> Table:
    """Read a text table.

    Lines that begin with ``#`` are comments; a ``#`` within a line is not. The names of columns are those that the
    server found, because they may be in a comment.

    Parameters
    ----------
    main_file
        Properties found by the server: ``delimiter``, ``has_header``, ``columns``.
    delimiter
        Delimiter for the file's extension, used when the server found none; None for blanks.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    delimiter = main_file.get("delimiter") or delimiter or " "
    names = main_file.get("columns")
    options: dict[str, Any] = {"sep": r"\s+" if delimiter == " " else delimiter, "skipinitialspace": True}
    if names:
        header = main_file.get("has_header", True) and _starts_with(next(_rows(text), ""), str(names[0]))
        options |= {"header": 0 if header else None, "names": names, "index_col": False}
    if text.startswith("#") or "\n#" in text:
        text = "\n".join(_rows(text))
    return Table.from_pandas(pd.read_csv(io.StringIO(text), **options))


def _rows(text: str) -> Iterator[str]:
    """Yield the lines that are neither comments nor blank."""
    return (line.rstrip("\r\n") for line in io.StringIO(text) if line.strip() and not line.startswith("#"))


def _starts_with(line: str, name: str) -> bool:
    return line.lstrip().lstrip("\"'").startswith(name.strip())
