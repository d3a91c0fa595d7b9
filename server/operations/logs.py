"""Logs of the processes of a server."""

import logging

from core.settings import Settings

__all__ = ["log_to_terminal"]


def log_to_terminal(settings: Settings) -> None:
    """Write the log to standard error."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "numexpr", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
