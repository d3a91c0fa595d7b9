"""Lazily constructed parts of an object: made on first use, once, whichever thread asks first."""

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

__all__ = ["part"]

#: One lock for all parts: parts use other parts while they are made, so locks of their own could be taken crosswise.
_LOCK = threading.RLock()

if TYPE_CHECKING:
    part = cached_property  # type checkers know what this one returns
else:

    class part(cached_property):  # noqa: N801 - a decorator, like the property that it extends
        """A ``cached_property`` that is computed once even when several threads ask at the same time.

        ``functools.cached_property`` has had no lock since Python 3.12.
        """

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            """Return the part, made now if this is its first use."""
            with _LOCK:
                return super().__get__(instance, owner)
