"""Licences by their SPDX identifiers: those usual for data, and the check of any other."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from core.errors import InvalidValueError

__all__ = ["USUAL_LICENSES", "checked_license", "license_label"]

#: Licences that forms offer, with their names.
USUAL_LICENSES: Mapping[str, str] = {
    "CC-BY-4.0": "Creative Commons Attribution 4.0",
    "CC0-1.0": "Creative Commons Zero 1.0 (public domain)",
    "CC-BY-SA-4.0": "Creative Commons Attribution-ShareAlike 4.0",
    "CC-BY-NC-4.0": "Creative Commons Attribution-NonCommercial 4.0",
    "CC-BY-NC-SA-4.0": "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
    "ODC-By-1.0": "Open Data Commons Attribution 1.0",
    "ODbL-1.0": "Open Database License 1.0",
    "PDDL-1.0": "Public Domain Dedication and License 1.0",
    "MIT": "MIT License (software)",
    "BSD-3-Clause": "BSD 3-Clause License (software)",
    "Apache-2.0": "Apache License 2.0 (software)",
    "GPL-3.0-or-later": "GNU General Public License 3.0 or later (software)",
}

_LONGEST = 200


def checked_license(text: str, field: str = "license") -> str:
    """Return an SPDX identifier or expression in its usual form, or raise InvalidValueError.

    The list of identifiers is that of the installed version of license-expression.
    """
    text = text.strip()
    if not text:
        return ""
    found = _normalized(text) if len(text) <= _LONGEST else None
    if found is None:
        message = f"'{text:.60}' is not a licence of the SPDX list (spdx.org/licenses), such as CC-BY-4.0 or CC0-1.0."
        raise InvalidValueError(message, field=field)
    return found


def license_label(identifier: str) -> str:
    """Return the name of a usual licence, or the identifier of another one."""
    return USUAL_LICENSES.get(identifier, identifier)


@cache
def _licensing() -> Any:
    """Return the parser of expressions; to read the list of all licences takes longer than to check one."""
    from license_expression import get_spdx_licensing

    licensing = get_spdx_licensing()
    licensing.get_advanced_tokenizer()  # made now, because threads that make it together would read a part of it
    return licensing


@lru_cache(maxsize=256)
def _normalized(text: str) -> str | None:
    from license_expression import ExpressionError

    try:
        found = _licensing().parse(text, validate=True, strict=True)
    except (ExpressionError, RecursionError):
        return None
    normalized = "" if found is None else str(found)
    return None if not normalized or "LicenseRef" in normalized else normalized
