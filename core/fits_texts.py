"""Texts of FITS headers: names of columns, units and descriptions as ASCII (FITS 4.0 §4.2.1, §7.3.2)."""

from collections.abc import Iterable

__all__ = ["LONGEST_VALUE", "ascii_text", "column_names"]

#: Most characters of a value on one card, each quote counted twice. Few programs read longer names or units.
LONGEST_VALUE = 68


def ascii_text(text: str) -> str:
    """Return a text on one line in printable ASCII; other characters are escaped."""
    one_line = " ".join(text.split())
    ascii_only = one_line.encode("ascii", "backslashreplace").decode()
    return "".join(character if " " <= character <= "~" else "?" for character in ascii_only)


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names for TTYPE: each on one card, none empty, and no two alike in any case.

    FITS compares names in any case, so that readers would find the first of two columns only.
    """
    taken: set[str] = set()
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        plain = ascii_text(name) or f"col{position}"
        unique, count = _cut(plain, ""), 1
        while unique.lower() in taken:
            count += 1
            unique = _cut(plain, f"_{count}")
        taken.add(unique.lower())
        result.append(unique)
    return tuple(result)


def _cut(text: str, ending: str) -> str:
    """Return the beginning of a text that fits on a card together with an ending."""
    while len(text.replace("'", "''")) + len(ending) > LONGEST_VALUE:
        text = text[:-1]
    return text + ending
