"""Headers of text formats of the field, parsed by astropy: AAS and CDS machine-readable tables, IPAC and SExtractor.

astropy reads whole files into memory, so it is given the header with a few rows; the rows themselves are streamed. The
header of VizieR's tab-separated tables, which astropy does not read, is parsed here.
"""

import re
import warnings
from collections.abc import Sequence
from typing import Any

from products.readers.errors import DamagedFileError
from products.readers.text.header_rows import unit_of
from products.readers.text.layout import Dialect

__all__ = ["field_format", "vizier_columns"]

_SAMPLE_ROWS = 50
_BY_BYTES = re.compile(r"\s*Byte-by-byte Description of file", re.IGNORECASE)
_RULE = re.compile(r"(-{10,}|={10,})\s*")
_VIZIER = re.compile(r"#Column\t([^\t]+)\t\(([^)\t]*)\)(?:\t([^\t]*))?(?:\t(.*))?")
_DECLARED = {"A": "text", "I": "integer", "F": "real", "E": "real", "D": "real", "G": "real"}
_IPAC_TYPES = {"char": "text", "date": "text", "int": "integer", "long": "integer", "double": "real", "float": "real",
               "real": "real"}  # fmt: skip


def field_format(lines: Sequence[str], name: str) -> Dialect | None:
    """Return the dialect of a text with the header of an MRT, CDS or IPAC table, or None.

    Parameters
    ----------
    lines
        The first lines of the file.

    Raises
    ------
    DamagedFileError
        The header is one of these, and astropy cannot read it.
    """
    if any(map(_BY_BYTES.match, lines)):
        return _machine_readable(lines, name)
    first = next((line for line in lines if line.strip() and not line.startswith("\\")), "")
    if first.startswith("|") and first.rstrip().endswith("|"):
        return _ipac(lines, name)
    return None


def vizier_columns(comments: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the metadata in the ``#Column`` lines of a table of VizieR, by the names of the columns."""
    meanings: dict[str, dict[str, str]] = {}
    for comment in comments:
        if found := _VIZIER.fullmatch(comment.rstrip()):
            ucd = re.search(r"\[ucd=([^\]]*)\]", found[4] or "")
            known = {"description": (found[3] or "").strip(), "ucd": ucd[1].strip() if ucd else ""}
            meanings[found[1].strip()] = {key: text for key, text in known.items() if text}
    return meanings


def _machine_readable(lines: Sequence[str], name: str) -> Dialect:
    """Return the dialect of a table with a byte-by-byte header, whose rows follow the last rule of dashes."""
    start = next(number for number, line in enumerate(lines) if _BY_BYTES.match(line))
    rules = [number for number, line in enumerate(lines) if number > start and _RULE.fullmatch(line)]
    if len(rules) < 3:
        raise DamagedFileError(
            f"{name} has the header of a machine-readable table (AAS or CDS) that ends before its rows. Send a file "
            "with both; where the header is a ReadMe of its own, put the rows below it."
        )
    columns, nulls = _astropy_columns("mrt", [*lines[: rules[-1] + 1], *_rows_after(lines, rules[-1] + 1)], name)
    return Dialect(
        delimiter=" ",
        names=tuple(column.name for column in columns),
        has_header=True,
        skipped_lines=rules[-1] + 1,
        notes=("This is a machine-readable table (AAS or CDS); its byte-by-byte header gives the columns.",),
        widths=tuple((column.start, column.end) for column in columns),
        label="machine-readable table",
        has_comments=False,
        meanings={column.name: _described(column) for column in columns},
        declared={column.name: _DECLARED.get(column.raw_type[:1].upper(), "") for column in columns},
        nulls=nulls,
    )


def _ipac(lines: Sequence[str], name: str) -> Dialect | None:
    starts = [number for number, line in enumerate(lines) if line.startswith("|")]
    last = starts[0]
    while last + 1 in starts:
        last += 1
    rows = _rows_after(lines, last + 1)
    # Where the rows have bars, too, it is a table with bars as delimiters.
    types = [text.strip().lower() for text in lines[min(starts[0] + 1, last)].strip().strip("|").split("|")]
    if last - starts[0] > 3 or (not rows and not set(types) <= {"", *_IPAC_TYPES}):
        return None
    columns, nulls = _astropy_columns("ipac", [*lines[: last + 1], *rows], name)
    return Dialect(
        delimiter=" ",
        names=tuple(column.name for column in columns),
        has_header=True,
        skipped_lines=last + 1,
        notes=("This is an IPAC table; its header gives the columns.",),
        widths=tuple((column.start, column.end) for column in columns),
        label="IPAC table",
        has_comments=False,
        meanings={column.name: _described(column) for column in columns},
        declared={column.name: _IPAC_TYPES.get(str(getattr(column, "raw_type", "")).lower(), "") for column in columns},
        nulls=nulls,
    )


def _rows_after(lines: Sequence[str], first: int) -> list[str]:
    return [line for line in lines[first:] if line.strip()][:_SAMPLE_ROWS]


def _astropy_columns(kind: str, lines: Sequence[str], name: str) -> tuple[list[Any], dict[str, frozenset[str]]]:
    """Return the columns that astropy finds, and the texts that stand for missing values in each."""
    from astropy.io import ascii as tables

    reader = tables.get_reader({"mrt": tables.Mrt, "ipac": tables.Ipac}[kind])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(list(lines))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as e:
        label = "a machine-readable table (AAS or CDS)" if kind == "mrt" else "an IPAC table"
        raise DamagedFileError(
            f"{name} has the header of {label}, which cannot be read. Correct it, or send the table as ECSV or VOTable."
        ) from e
    columns = list(reader.cols)
    nulls = {
        column.name: frozenset(text for text in column.fill_values if isinstance(text, str) and text)
        for column in columns
    }
    return columns, {key: texts for key, texts in nulls.items() if texts}


def _described(column: Any) -> dict[str, str]:
    unit = getattr(column, "unit", None)
    known = {
        "unit": unit_of(unit if isinstance(unit, str) else unit.to_string()) if unit is not None else None,
        "description": getattr(column, "description", None),
    }
    return {key: text for key, text in known.items() if text}
