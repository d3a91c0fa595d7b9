"""Headers of tab-separated tables (Starlink SSN/75), as SkyCat, GAIA and CURSA write them.

Lines of free text, comments, and parameters like ``EQUINOX: J2000`` stand above the names, a line of dashes below them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from products.readers.frames import frame_of_system

__all__ = ["END_OF_DATA", "TabTable", "tab_table"]

#: Line after the rows.
END_OF_DATA = "[EOD]"


_DASHES = re.compile(r"-[-\t ]*")
_PARAMETER = re.compile(r"#?\s*([\w.\-]+)\s*:[ ]*(.*)")
_BESSELIAN_UNTIL = 1984
_UNITS: Mapping[str, str] = {
    "hours": "h", "hour": "h", "degrees": "deg", "degree": "deg", "radians": "rad", "radian": "rad",
    "arcmin": "arcmin", "arcsec": "arcsec", "magnitudes": "mag", "magnitude": "mag", "mag": "mag", "mags": "mag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TabTable:
    """Header of a tab-separated table.

    Parameters
    ----------
    first
        Number of lines above that with the names.
    meanings
        Units and frames by the names of the columns.
    """

    first: int
    meanings: dict[str, dict[str, str]] = field(default_factory=dict)


def tab_table(lines: Sequence[str]) -> TabTable | None:
    """Return the header of a tab-separated table below free text, or None.

    Parameters
    ----------
    lines
        The first lines of the file.
    """
    for number, line in enumerate(lines):
        if not number or not _DASHES.fullmatch(line) or "\t" not in lines[number - 1]:
            continue
        names = [name.strip() for name in lines[number - 1].split("\t")]
        above = lines[: number - 1]
        texts = [text for text in above if text.strip() and not text.startswith("#")]
        is_headed = bool(texts) and not any("\t" in text.strip() for text in texts)
        if not is_headed or line.count("\t") not in {0, len(names) - 1}:
            return None
        return TabTable(number - 1, _meanings(above, names))
    return None


def _meanings(above: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    parameters = {found[1].lower(): found[2] for line in above if (found := _PARAMETER.fullmatch(line.rstrip("\r\n")))}
    units = [_unit(text) for text in parameters.get("column-units", "").split("\t")]
    if len(units) > len(names) and not units[0]:
        units = units[1:]  # a tab after the colon
    meanings = {name: {"unit": unit} for name, unit in zip(names, units, strict=False) if unit}
    frame = _frame(parameters.get("equinox", "").strip())
    for column in _positions(parameters, names) if frame else ():
        meanings.setdefault(column, {})["frame"] = str(frame)
    return meanings


def _frame(equinox: str) -> str | None:
    year = re.fullmatch(r"([BJ]?)(\d{4})(\.\d*)?", equinox.upper())
    if year is None:
        return None
    is_besselian = year[1] == "B" or (not year[1] and int(year[2]) < _BESSELIAN_UNTIL)
    return frame_of_system("FK4" if is_besselian else "FK5", equinox.removesuffix("."))


def _positions(parameters: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return the columns with positions, by their numbers from 0 in the parameters, or by their names."""
    places = [parameters.get(key, "").strip() for key in ("ra_col", "dec_col")]
    if all(place.isdigit() and int(place) < len(names) for place in places):
        return [names[int(place)] for place in places]
    return [name for name in names if re.match(r"ra|de", name, re.IGNORECASE)]


def _unit(text: str) -> str:
    bare = text.partition("{")[0].strip()
    return _UNITS.get(bare.lower(), bare if bare.isascii() else "")
