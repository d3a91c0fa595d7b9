"""`AccountServices`: construction of the parts of this package from the settings."""

from typing import TYPE_CHECKING

from core.auth.administration import AccountAdministration
from core.auth.audit import AuditLog
from core.auth.external import ExternalAccounts
from core.auth.groups import GroupService
from core.auth.models import Identity, Scope
from core.auth.service import AccountService
from core.database import Database
from core.parts import part
from core.settings import Settings

if TYPE_CHECKING:
    from core.auth.access_tokens import AccessTokens
    from core.auth.dependencies import Authenticator
    from core.auth.oidc import OidcSignIn
    from core.auth.trusted import TrustedHeaders

__all__ = ["AccountServices"]


class AccountServices:
    """Accounts, groups, tokens, sign-in and the audit log of one process.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    def identity_of(self, name: str, scope: Scope = Scope.ADMIN) -> Identity:
        """Return the identity of an active account, limited to a scope."""
        return self.service.identity_of_user(name, scope)

    def is_valid_credential(self, key: str) -> bool:
        """Return whether the credential of a key, such as that in a signed URL, is still valid."""
        return self.service.is_valid(key)

    @part
    def service(self) -> AccountService:
        """Accounts, sessions and tokens."""
        settings = self._settings
        return AccountService(
            self._database,
            session_hours=settings.session_hours,
            login_attempts=settings.login_attempts,
            login_attempts_address=settings.login_attempts_address,
        )

    @part
    def administration(self) -> AccountAdministration:
        """Administration of accounts."""
        return AccountAdministration(self._database, self.service)

    @part
    def groups(self) -> GroupService:
        """Groups of users."""
        return GroupService(self._database)

    @part
    def audit(self) -> AuditLog:
        """The audit log."""
        return AuditLog(self._database)

    @part
    def external(self) -> ExternalAccounts:
        """Accounts of users who sign in at an OpenID provider or a trusted proxy."""
        settings = self._settings
        return ExternalAccounts(
            self._database, admin_group=settings.admin_group, required_group=settings.required_group
        )

    @part
    def oidc(self) -> "OidcSignIn | None":
        """Sign-in at the OpenID provider of the settings, if they name one."""
        from core.auth.oidc import OidcClaims, OidcSignIn
        from core.auth.oidc_tokens import ProviderConnection

        settings = self._settings
        if settings.oidc_issuer is None:
            return None
        secret = settings.oidc_client_secret
        return OidcSignIn(
            ProviderConnection(
                settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None
            ),
            redirect_url=f"{settings.public_url}/login/oidc/callback",
            scopes=settings.oidc_scopes,
            claims=OidcClaims(settings.oidc_name_claim, settings.oidc_groups_claim),
        )

    @part
    def authenticate(self) -> "Authenticator":
        """The FastAPI dependency that returns the identity of a request."""
        from core.auth.dependencies import Authenticator
        from core.auth.shares import RequestShares

        return Authenticator(
            self.service,
            self._settings.public_url,
            trusted=self._trusted,
            secure=self._settings.cookies_are_secure,
            shares=RequestShares(self._settings.requests_per_minute),
            refused=RequestShares(self._settings.refused_per_minute),
            bearer=self._access_tokens,
        )

    @part
    def _access_tokens(self) -> "AccessTokens | None":
        from core.auth.access_tokens import AccessTokens

        settings = self._settings
        if self.oidc is None or settings.oidc_audience is None:
            return None
        return AccessTokens(self.oidc, self.external, audience=settings.oidc_audience, scopes=settings.token_scopes)

    @part
    def _trusted(self) -> "TrustedHeaders | None":
        from core.auth.trusted import TrustedHeaders

        settings = self._settings
        if not settings.trusted_networks:
            return None
        return TrustedHeaders(
            self.external,
            settings.trusted_networks,
            user_header=settings.trusted_user_header,
            groups_header=settings.trusted_groups_header,
            email_header=settings.trusted_email_header,
            scopes_header=settings.trusted_scopes_header,
            scopes=settings.token_scopes,
        )
