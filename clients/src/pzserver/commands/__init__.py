"""Command line of the library: ``pzserver``."""
