"""Trusted proxy headers: sign-in at a proxy in front of the server, such as Gafaelfawr.

Any client can send such headers, so they are accepted only from the addresses that the operator configured.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

from core.auth.external import ExternalAccounts, ExternalUser
from core.auth.models import Identity
from core.errors import AuthenticationError, InvalidValueError

__all__ = ["TrustedHeaders"]

_SOURCE, _ISSUER = "proxy", "proxy"


class TrustedHeaders:
    """Authentication by the headers of a trusted proxy.

    Parameters
    ----------
    networks
        Addresses of the proxy, as single ones or as networks: ``10.1.0.0/16``.
    groups_header
        Header of the names of the groups, between commas.
    email_header
        Header of the e-mail address.
    """

    def __init__(
        self,
        external: ExternalAccounts,
        networks: Sequence[str],
        *,
        user_header: str,
        groups_header: str,
        email_header: str,
    ) -> None:
        self._external = external
        self._networks = tuple(ip_network(network, strict=False) for network in networks)
        self._user_header = user_header
        self._groups_header = groups_header
        self._email_header = email_header

    def identity(self, request: Request) -> Identity | None:
        """Return the identity in the headers of a request; None without such headers.

        Raises
        ------
        AuthenticationError
            The header was not sent by the proxy.
        """
        names = request.headers.getlist(self._user_header)
        if not names:
            return None
        if not self._is_trusted(request):
            message = f"The header {self._user_header} counts only from the proxy in front of this server."
            raise AuthenticationError(message)
        name = self._one(self._user_header, names)
        emails = request.headers.getlist(self._email_header)
        groups = request.headers.getlist(self._groups_header)
        person = ExternalUser(
            source=_SOURCE,
            issuer=_ISSUER,
            subject=name,
            name=name,
            groups=_groups(self._one(self._groups_header, groups)) if groups else (),
            email=self._one(self._email_header, emails) if emails else "",
        )
        return self._external.sign_in(person)

    def _one(self, header: str, values: Sequence[str]) -> str:
        if len(values) != 1:
            message = f"The header {header} came more than once."
            raise InvalidValueError(message)
        return values[0].strip()

    def _is_trusted(self, request: Request) -> bool:
        try:
            address = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _groups(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"\s*,\s*", text) if name)
