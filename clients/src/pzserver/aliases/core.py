"""Main class under the name of their module in version 0.3."""

from pzserver.server import PzServer

__all__ = ["PzServer"]
