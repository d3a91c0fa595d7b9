"""Names of columns in the comment lines above a text table, in the styles of TOPCAT, SExtractor, BPZ and numpy."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from products.readers.text.header_rows import is_rule, is_units, unit_of
from products.readers.text.layout import NUMBER

__all__ = ["CommentHeader", "names_in_comments"]

_NUMBERED = re.compile(r"#+\s*(?:col(?:umn)?s?\.?\s*)?[(\[]?\s*(\d{1,4})\s*[)\]:.=,]*\s+(\S+)\s*(.*)", re.IGNORECASE)
_NAME_AND_NUMBER = re.compile(r"#+\s*(\S+)\s+(\d{1,4})\s*#*")
_UNIT_IN_NAME = re.compile(r"(.+?)\s*[\[(]([^\[\]()]+)[\])]")


@dataclass(frozen=True, slots=True)
class CommentHeader:
    """Names of columns, with the units and descriptions that stand beside them."""

    names: tuple[str, ...]
    meanings: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: str = "comment lines"


def names_in_comments(comments: Sequence[str], fields: Sequence[Sequence[str]], count: int) -> CommentHeader | None:
    """Return the names of the columns in comment lines, or None.

    They stand in one line, the last that has as many fields as the rows (a line of units or dashes may follow it), or
    in numbered lines, one for each column.

    Parameters
    ----------
    fields
        For each comment, its fields without the hash, split as the rows are.
    count
        Number of columns.
    """
    if numbered := _numbered(comments, count):
        return numbered
    below: Sequence[str] | None = None
    for texts in reversed(fields):
        if len(texts) != count or is_rule(" ".join(texts)) or any(NUMBER.fullmatch(text) for text in texts):
            continue
        if below is None:
            below = texts
        elif _are_names(texts):
            # Two lines fit: the lower one has the units of the upper one, or it has the names.
            if is_units(below, [["1"] * count]):
                return _with_units(texts, below)
            return _with_units(below if _are_names(below) else texts, [""] * count)
    return None if below is None or not _are_names(below) else _with_units(below, [""] * count)


def _are_names(texts: Sequence[str]) -> bool:
    return len(set(texts)) == len(texts) and all(re.search(r"\w", text) for text in texts)


def _with_units(names: Sequence[str], units: Sequence[str]) -> CommentHeader:
    meanings = {}
    bare = []
    for name, text in zip(names, units, strict=True):
        found = _UNIT_IN_NAME.fullmatch(name)
        unit = unit_of(text) or (found[2].strip() if found else None)
        bare.append(found[1] if found and not text else name)
        if unit:
            meanings[bare[-1]] = {"unit": unit}
    if len(set(bare)) < len(bare):
        return CommentHeader(tuple(names), {}, "the last comment line")
    return CommentHeader(tuple(bare), meanings, "the last comment line")


def _numbered(comments: Sequence[str], count: int) -> CommentHeader | None:
    """Return the names in lines like ``# 3 ZPHOT Redshift [deg]``; a column without a line continues the one before."""
    entries: dict[int, tuple[str, str]] = {}
    for comment in comments:
        if found := _NUMBERED.fullmatch(comment.strip()):
            entries.setdefault(int(found[1]), (found[2].rstrip(",;"), found[3].strip()))
        elif found := _NAME_AND_NUMBER.fullmatch(comment.strip()):
            entries.setdefault(int(found[2]), (found[1], ""))
    if 1 not in entries or len(entries) < 2 or max(entries) > count or len(entries) < count // 2:
        return None
    names: list[str] = []
    meanings: dict[str, dict[str, str]] = {}
    for number in range(1, count + 1):
        if number not in entries:
            before = max(known for known in entries if known < number)
            names.append(f"{entries[before][0]}_{number - before}")
            meanings[names[-1]] = dict(meanings[entries[before][0]])
            continue
        name, rest = entries[number]
        names.append(name)
        unit = re.search(r"\[([^\]]*)\]\s*$", rest) or re.fullmatch(r"\(([^)]*)\)", rest)
        described = {
            "unit": unit_of(unit[1]) if unit else None,
            "description": rest[: unit.start()].strip() if unit else rest,
        }
        meanings[name] = {key: text for key, text in described.items() if text}
    return CommentHeader(tuple(names), meanings) if len(set(names)) == count else None
