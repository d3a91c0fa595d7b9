"""Version of the library, for the package and for its distributions, whatever their name is."""

__all__ = ["VERSION"]

VERSION = "1.0.0.dev0"
