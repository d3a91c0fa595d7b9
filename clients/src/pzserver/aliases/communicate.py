"""Requests under the name of their module in version 0.3."""

from pzserver.compat.api import PzRequests

__all__ = ["PzRequests"]
