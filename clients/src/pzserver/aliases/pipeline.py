"""Pipelines under the name of their module in version 0.3."""

from pzserver.compat.pipeline import Pipeline

__all__ = ["Pipeline"]
