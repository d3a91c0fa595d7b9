"""Processes under the name of their module in version 0.3."""

from pzserver.compat.processes import CRCProcess, Process, TSMProcess

__all__ = ["CRCProcess", "Process", "TSMProcess"]
