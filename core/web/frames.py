"""The frame of all pages of a site (head, menu, footer), for packages that make pages and do not know the web UI."""

from dataclasses import dataclass
from typing import Protocol

from core.auth.models import Identity

__all__ = ["PageFrame", "PageFraming"]


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The bytes of a page before and after its content, as HTML that is well-formed XML, too.

    The content stands in the element ``main``.
    """

    before: bytes
    after: bytes


class PageFraming(Protocol):
    """Make the frame of a page, with the menu of the user."""

    def __call__(self, identity: Identity, title: str, *, section: str = "") -> PageFrame:
        """Return the frame.

        Parameters
        ----------
        section
            Entry of the menu to which the page belongs.
        """
