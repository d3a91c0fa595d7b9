"""Products under the name of their module in version 0.3."""

from pzserver.compat.products import PzProduct

__all__ = ["PzProduct"]
