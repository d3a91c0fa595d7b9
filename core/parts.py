"""Thread-safe cached property, for parts of an object that are constructed when they are first used."""

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

__all__ = ["part"]

#: One lock for all parts: the construction of a part may use other parts, so that separate locks could deadlock.
_LOCK = threading.RLock()

if TYPE_CHECKING:
    part = cached_property  # type checkers know what this one returns
else:

    class part(cached_property):  # noqa: N801 - a decorator, like the property that it extends
        """A ``cached_property`` that is computed once even when several threads use it at the same time.

        ``functools.cached_property`` has had no lock since Python 3.12.
        """

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            """Return the part, constructed now if this is its first use."""
            with _LOCK:
                return super().__get__(instance, owner)
