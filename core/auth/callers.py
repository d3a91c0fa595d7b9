"""Callers of requests, for queues and limits in which each of them has a share."""

from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from core.auth.models import Identity

__all__ = ["caller_of"]

#: Bits of an IPv6 address that belong to one person alone.
_OWN_BITS = 64


def caller_of(request: Request, identity: Identity) -> str:
    """Return a key of the user of a request, or of its address (IPv6: its /64) when it has no credentials."""
    if identity.user_id is not None:
        return f"user {identity.user_id}"
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:  # a Unix socket
        return f"address {host}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f"network {int(address) >> _OWN_BITS:x}"
        address = address.ipv4_mapped
    return f"address {address}"
