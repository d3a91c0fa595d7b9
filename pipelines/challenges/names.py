"""Names of challenges in addresses and tables."""

import re

from core.errors import InvalidValueError

__all__ = ["checked_name"]

#: The address of the form that makes one.
_TAKEN = "new"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def checked_name(name: str) -> str:
    """Return a name that may be given to a challenge.

    Raises
    ------
    InvalidValueError
        It has other characters than small letters, digits, - and _, or more than 64.
    """
    stripped = name.strip()
    if not _NAME.fullmatch(stripped) or stripped == _TAKEN:
        raise InvalidValueError(
            f"'{stripped:.70}' cannot be the name of a challenge: use small letters, digits, - and _, at most 64 of "
            "them, but not 'new'.",
            field="name",
        )
    return stripped
