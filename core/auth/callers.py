"""Callers of requests, for queues and limits in which each of them has a share."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from core.auth.models import Identity

__all__ = ["FORWARDED", "address_key", "address_of", "caller_of", "forwarded_address"]

#: Key in the state of a request for the address that a proxy forwarded.
FORWARDED = "forwarded_address"

#: Bits of an IPv6 address that belong to one person alone.
_OWN_BITS = 64


def caller_of(request: Request, identity: Identity) -> str:
    """Return a key of the user of a request, or of its address when it has no credentials."""
    return address_of(request) if identity.user_id is None else f"user {identity.user_id}"


def address_of(request: Request) -> str:
    """Return a key of the address of a request; addresses of one IPv6 network (/64) are one."""
    forwarded = request.scope.get("state", {}).get(FORWARDED)
    return address_key(forwarded or (request.client.host if request.client else ""))


def forwarded_address(values: Sequence[str], networks: Sequence[IPv4Network | IPv6Network]) -> str | None:
    """Return the address of a client that proxies forward: the last one in X-Forwarded-For that is no proxy.

    What stands before it may have been sent by the client itself.

    Parameters
    ----------
    values
        The values of the header.
    networks
        Networks of the proxies.
    """
    for text in reversed([part.strip() for value in values for part in value.split(",")]):
        try:
            address = ip_address(text.strip("[]"))
        except ValueError:
            return None
        if not any(address in network for network in networks):
            return str(address)
    return None


def address_key(host: str) -> str:
    """Return the key of an address; a text that is none, such as the path of a Unix socket, is a key of its own."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"address {host}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f"network {int(address) >> _OWN_BITS:x}"
        address = address.ipv4_mapped
    return f"address {address}"
