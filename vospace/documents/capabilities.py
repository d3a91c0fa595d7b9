"""VOSI capabilities of the VOSpace."""

from core.vosi import BASIC_AUTH, TOKEN, Capability, Interface

__all__ = ["SECURITY_METHODS", "vospace_capabilities"]

#: Security methods of the service; a request without credentials needs none.
SECURITY_METHODS = frozenset({BASIC_AUTH, TOKEN})

_SIGN_IN = (None, BASIC_AUTH, TOKEN)
_STANDARDS = (
    ("ivo://ivoa.net/std/VOSpace/v2.0#nodes", "nodes"),
    ("ivo://ivoa.net/std/VOSpace/v2.0#transfers", "transfers"),
    ("ivo://ivoa.net/std/VOSpace/v2.0#sync", "synctrans"),
    ("ivo://ivoa.net/std/VOSpace#sync-2.1", "synctrans"),
    ("ivo://ivoa.net/std/VOSpace#files-proto", "files"),
    ("ivo://ivoa.net/std/VOSpace#recursive-delete-proto", "async-delete"),
    ("ivo://ivoa.net/std/VOSpace#recursive-nodeprops-proto", "async-setprops"),
    ("ivo://ivoa.net/std/VOSpace/v2.0#protocols", "protocols"),
    ("ivo://ivoa.net/std/VOSpace/v2.0#views", "views"),
    ("ivo://ivoa.net/std/VOSpace/v2.0#properties", "properties"),
)


def vospace_capabilities(base_url: str) -> tuple[Capability, ...]:
    """Return the capabilities of the VOSpace with a base URL."""
    own = (
        Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{base_url}/capabilities"),)),
        Capability("ivo://ivoa.net/std/VOSI#availability", (Interface(f"{base_url}/availability"),)),
    )
    services = (
        Capability(standard, (Interface(f"{base_url}/{path}", "base", role="std", security=_SIGN_IN),))
        for standard, path in _STANDARDS
    )
    return (*own, *services)
