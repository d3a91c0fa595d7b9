"""Settings of the server, read from ``PHOTOZ_*`` environment variables, a file, and the command line."""

from core.settings.fields import Settings

__all__ = ["Settings"]
