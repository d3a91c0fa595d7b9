"""Terms of the IVOA vocabularies."""

import re

from registry.models import Subject

__all__ = ["subject_term"]


def subject_term(subject: Subject) -> str:
    """Return a subject as a term of the IVOA vocabulary *uat*: the label of its concept, with hyphens."""
    return subject.text if subject.uat is None else re.sub(r"[^a-z0-9]+", "-", subject.text.lower()).strip("-")
