"""The Unified Astronomy Thesaurus as the IVOA publishes it, in the vocabulary *uat*."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidValueError

__all__ = ["read_thesaurus"]


def read_thesaurus(path: Path) -> frozenset[str]:
    """Return the terms of the vocabulary in a file.

    The file is what ``https://www.ivoa.net/rdf/uat`` answers to ``Accept: application/x-desise+json`` (Vocabularies in
    the VO 2.1 §3.2). No package carries it, and the server asks no other one for it.

    Raises
    ------
    InvalidValueError
        The file cannot be read, or has no terms.
    """
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        message = f"The thesaurus {path} cannot be read: {e}."
        raise InvalidValueError(message) from e
    terms = found.get("terms") if isinstance(found, Mapping) else None
    if not isinstance(terms, Mapping) or not terms:
        message = f"{path} has no terms of a vocabulary; save what https://www.ivoa.net/rdf/uat gives as desise."
        raise InvalidValueError(message)
    return frozenset(terms)
