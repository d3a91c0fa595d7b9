"""Trusted proxy headers: sign-in at a proxy in front of the server, such as Gafaelfawr.

Any client can send such headers, so they are accepted only from the addresses that the operator configured.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

from core.auth.access_tokens import widest_scope
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
    scopes_header, scopes
        Header of the scopes of the user's token, and what each allows here; empty when all is allowed.
    """

    def __init__(
        self,
        external: ExternalAccounts,
        networks: Sequence[str],
        *,
        user_header: str,
        groups_header: str,
        email_header: str,
        scopes_header: str = "",
        scopes: Mapping[str, str] | None = None,
    ) -> None:
        self._external = external
        self._networks = tuple(ip_network(network, strict=False) for network in networks)
        self._user_header = user_header
        self._groups_header = groups_header
        self._email_header = email_header
        self._scopes_header = scopes_header
        self._scopes = dict(scopes or {})

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
        identity = self._external.sign_in(person)
        if not self._scopes_header:
            return identity
        held = re.split(r"[\s,]+", " ".join(request.headers.getlist(self._scopes_header)))
        return replace(identity, scope=widest_scope(held, self._scopes))

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
