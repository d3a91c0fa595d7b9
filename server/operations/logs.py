"""Logs and traces of the processes of a server."""

from core.settings import Settings
from core.telemetry.logs import log_to_stderr
from core.telemetry.traces import TracesTarget, export_traces

__all__ = ["log_and_trace", "log_to_terminal"]


def log_to_terminal(settings: Settings) -> None:
    """Write the log to standard error, in the form and from the level that the settings choose."""
    log_to_stderr(settings.log_level, settings.log_format)


def log_and_trace(settings: Settings) -> None:
    """Write the log to standard error, and send traces to the collector that the settings name, if they name one."""
    log_to_terminal(settings)
    export_traces(TracesTarget(settings.traces_endpoint, settings.site_name))
