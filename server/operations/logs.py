"""Logs of the processes of a server."""

from core.settings import Settings
from core.telemetry.logs import log_to_stderr

__all__ = ["log_to_terminal"]


def log_to_terminal(settings: Settings) -> None:
    """Write the log to standard error, in the form and from the level that the settings choose."""
    log_to_stderr(settings.log_level, settings.log_format)
