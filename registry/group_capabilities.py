"""Capabilities of the Group Membership Service (GMS 1.0 §3)."""

from core.vosi import BASIC_AUTH, COOKIE, TOKEN, Capability, Interface

__all__ = ["GROUPS", "group_capabilities"]

#: Path of the service, and of its identifier.
GROUPS = "gms"

_SEARCH = "ivo://ivoa.net/std/gms#search-1.0"


def group_capabilities(base_url: str) -> tuple[Capability, ...]:
    """Return the capabilities of the service with a base URL."""
    search = Interface(f"{base_url}/search", role="std", version="1.0", security=(BASIC_AUTH, COOKIE, TOKEN))
    return (
        Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{base_url}/capabilities"),)),
        Capability(_SEARCH, (search,)),
    )
