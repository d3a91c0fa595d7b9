"""Callers of requests, for queues and limits in which each of them has a share."""

from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from core.auth.models import Identity

__all__ = ["address_key", "address_of", "caller_of"]

#: Bits of an IPv6 address that belong to one person alone.
_OWN_BITS = 64


def caller_of(request: Request, identity: Identity) -> str:
    """Return a key of the user of a request, or of its address when it has no credentials."""
    return address_of(request) if identity.user_id is None else f"user {identity.user_id}"


def address_of(request: Request) -> str:
    """Return a key of the address of a request; addresses of one IPv6 network (/64) are one."""
    return address_key(request.client.host if request.client else "")


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
