"""Types of the columns of a text table, inferred from the texts of all rows.

A text that a number does not give back stays text: identifiers with leading zeros, with an exponent alone (12E05), or
longer than 64-bit integers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from products.readers.errors import listed

__all__ = ["FALSE", "TRUE", "ColumnType", "IdentifierWatch", "identifier_notes", "numbers_of"]

TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")

_FORTRAN = r"^([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+))[dD]([+-]?[0-9]+)$"
_LONG = 16
_LONG_INTEGER = f"^[+-]?[0-9]{{{_LONG},}}$"
#: Columns of degrees, minutes and seconds, which are numbers however they are padded.
_SEXAGESIMAL = re.compile(r"(ra|dec?)_?([hdms]|hour|deg|min|sec|hours|minutes|seconds|degrees)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What the texts of a column have shown so far.

    Parameters
    ----------
    kind
        The narrowest type that holds all of them; null before the first value.
    declared
        ``text``, ``integer`` or ``real`` where the header of the file declares it.
    is_rewritten
        Whether numbers have a Fortran exponent or integers a plus sign, which pyarrow does not parse.
    has_fortran
        Whether numbers have a Fortran exponent.
    is_long
        Whether the column is text because double precision would lose digits.
    has_zeros, has_bare_exponent
        Whether integers have leading zeros, or numbers an exponent without point and sign.
    has_sign, has_point, has_long
        Whether a value has a sign, a point or signed exponent, or so many digits that double precision may lose some.
    """

    kind: pa.DataType = field(default_factory=pa.null)
    declared: str = ""
    is_rewritten: bool = False
    has_fortran: bool = False
    is_long: bool = False
    has_zeros: bool = False
    has_bare_exponent: bool = False
    has_sign: bool = False
    has_point: bool = False
    has_long: bool = False

    def widened(self, texts: pa.Array, decimal: str = ".") -> "ColumnType":
        """Return what these texts have shown in addition."""
        if texts.null_count == len(texts) or pa.types.is_string(self.kind):
            return self
        texts = pc.utf8_trim_whitespace(texts.drop_null())
        if self.declared == "text":
            return replace(self, kind=pa.string())
        if pa.types.is_null(self.kind) or pa.types.is_boolean(self.kind):
            if pc.all(pc.is_in(texts, pa.array([*TRUE, *FALSE]))).as_py():
                return replace(self, kind=pa.bool_())
            if pa.types.is_boolean(self.kind):
                return replace(self, kind=pa.string())
        fast = self._of_numbers(texts) if decimal == "." else None
        return fast or self._of_other_forms(texts, decimal)

    def _of_numbers(self, texts: pa.Array) -> "ColumnType | None":
        """Return what texts have shown that pyarrow parses as numbers; None for others. This is the usual, fast way."""
        if self.has_long or self.is_rewritten:
            return None
        has_sign = self.has_sign or _any(texts, "^[+-]")
        if not pa.types.is_floating(self.kind) and _fits(texts, pa.int64()):
            long = bool(pc.any(pc.greater_equal(pc.binary_length(texts), _LONG)).as_py())
            zeros = self.has_zeros or _any(texts, "^0[0-9]")
            return replace(self, kind=pa.int64(), has_sign=has_sign, has_zeros=zeros, has_long=long)
        has_point = self.has_point or bool(pc.any(pc.match_substring(texts, ".")).as_py())
        if not has_point or not _fits(texts, pa.float64()) or _any(texts, _LONG_INTEGER):
            return None
        return replace(self, kind=pa.float64(), has_sign=has_sign, has_point=has_point)

    def _of_other_forms(self, texts: pa.Array, decimal: str) -> "ColumnType":
        known = replace(
            self,
            has_zeros=self.has_zeros or _any(texts, "^0[0-9]+$"),
            has_bare_exponent=self.has_bare_exponent or _any(texts, "^[0-9]+[eEdD][0-9]+$"),
            has_sign=self.has_sign or _any(texts, "^[+-]"),
            has_point=self.has_point or _any(texts, "[.,]|[eEdD][+-]"),
            has_long=self.has_long or _any(texts, _LONG_INTEGER),
            has_fortran=self.has_fortran or _any(texts, _FORTRAN),
        )
        plus = not known.is_rewritten and _any(texts, "^[+][0-9]+$")
        known = replace(known, is_rewritten=known.is_rewritten or known.has_fortran or plus)
        numbers = numbers_of(texts, decimal)
        if not pa.types.is_floating(self.kind) and _fits(numbers, pa.int64()):
            return replace(known, kind=pa.int64())
        if not _fits(numbers, pa.float64()):
            return replace(known, kind=pa.string())
        return replace(known, kind=pa.string() if known.has_long else pa.float64(), is_long=known.has_long)

    def decided(self, name: str) -> pa.DataType:
        """Return the type of the column, which is text for identifiers and for columns without values."""
        if self.declared == "real" and pa.types.is_integer(self.kind):
            return pa.float64()
        if pa.types.is_null(self.kind) or self.is_identifier(name):
            return {"integer": pa.int64(), "real": pa.float64()}.get(self.declared, pa.string())
        return self.kind

    def is_identifier(self, name: str) -> bool:
        """Return whether the values are text although all of them could be numbers."""
        if self.is_long:
            return True
        if self.declared or self.has_sign or _SEXAGESIMAL.fullmatch(name):
            return False
        if pa.types.is_integer(self.kind):
            return self.has_zeros
        return pa.types.is_floating(self.kind) and self.has_bare_exponent and not self.has_point


def numbers_of(texts: pa.Array, decimal: str = ".") -> pa.Array:
    """Return texts of numbers as pyarrow parses them: with a decimal point, E for the exponent and no plus sign."""
    if decimal == ",":
        # A point would be a mark of thousands, which is not a number here.
        texts = pc.replace_substring(pc.replace_substring(texts, ".", "?"), ",", ".")
    return pc.replace_substring_regex(pc.replace_substring_regex(texts, _FORTRAN, r"\1E\2"), "^[+]", "")


def identifier_notes(types: Mapping[str, ColumnType]) -> list[str]:
    """Return the note about columns that were read as text because their values are identifiers."""
    names = [name for name, known in types.items() if known.is_identifier(name)]
    if not names:
        return []
    return [f"Read as text, because numbers would not keep the digits as they are: {listed(names)}."]


class IdentifierWatch:
    """Search of the bytes of a text table for fields that may be identifiers, while they pass by.

    It is fast because fields are found by their first bytes; what it finds is looked at again, column by column.
    """

    def __init__(self, delimiter: str, *, quotes: bool) -> None:
        mark = re.escape(delimiter.encode())
        end = rb"(?=" + mark + rb"|[\r\n\"]|\Z)"
        starts = [mark, rb"\n", *([rb"\""] if quotes else [])]
        self._zeros = [re.compile(start + rb"0[0-9]+" + end) for start in starts]
        self._exponents = [(letter, re.compile(letter + rb"[0-9]+" + end)) for letter in (b"E", b"e")]
        self.found = False

    def __call__(self, block: bytes) -> None:
        """Search complete lines."""
        if self.found:
            return
        self.found = (
            re.match(rb"0[0-9]", block) is not None
            or any(pattern.search(block) for pattern in self._zeros)
            or any(letter in block and pattern.search(block) for letter, pattern in self._exponents)
        )


def _any(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _fits(texts: pa.Array, candidate: pa.DataType) -> bool:
    try:
        texts.cast(candidate)
    except pa.ArrowInvalid:
        return False
    return True
