"""Warnings about names of version 0.3 that have a newer way, each once in a process."""

import warnings

__all__ = ["get_version", "warn_once"]

_told: set[str] = set()


def warn_once(name: str, newer: str) -> None:
    """Warn the caller of the caller that a name is one of version 0.3.

    Parameters
    ----------
    newer
        What takes its place, as code.
    """
    if name not in _told:
        _told.add(name)
        warnings.warn(f"{name} is a name of pzserver 0.3; use {newer}.", DeprecationWarning, stacklevel=3)


def get_version() -> str:
    """Return the version of this library."""
    warn_once("get_version()", "pzserver.__version__")
    from pzserver import __version__

    return __version__
