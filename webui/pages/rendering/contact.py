"""Contact of the operator, as pages link to it."""

from dataclasses import dataclass

__all__ = ["Contact"]


@dataclass(frozen=True, slots=True)
class Contact:
    """Where users get help.

    Parameters
    ----------
    address
        Target of a link: ``mailto:`` or http(s).
    label
        The e-mail address; empty for a page.
    """

    address: str
    label: str

    @classmethod
    def of(cls, setting: str) -> "Contact | None":
        """Return the contact that the setting has, if any."""
        if not setting:
            return None
        return cls(setting, "") if setting.startswith(("https://", "http://")) else cls(f"mailto:{setting}", setting)
