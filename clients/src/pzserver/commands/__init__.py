"""Command line of the library: ``pzserver``."""

__all__: list[str] = []
