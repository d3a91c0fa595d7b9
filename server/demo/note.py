"""Note in the data folder that demo data are still to be filled in, which stays through crashes and restarts."""

from pathlib import Path

from core.settings import Settings

__all__ = ["demo_is_wanted", "remove_note", "want_demo"]


def want_demo(settings: Settings) -> None:
    """Note that demo data are to be filled in; the note stays until they all are."""
    _note(settings).touch()


def demo_is_wanted(settings: Settings) -> bool:
    """Return whether demo data are still to be filled in."""
    return _note(settings).exists()


def remove_note(settings: Settings) -> None:
    """Note that all demo data are there."""
    _note(settings).unlink(missing_ok=True)


def _note(settings: Settings) -> Path:
    return settings.data / "demo-data-wanted"
