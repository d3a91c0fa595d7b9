"""What the web layer calls, put together from the services of the process."""

from core.auth.dependencies import Authenticator
from core.auth.external import ExternalAccounts
from core.auth.oidc import OidcClaims, OidcSignIn
from core.auth.oidc_tokens import ProviderConnection
from core.auth.trusted import TrustedHeaders
from core.settings import Settings
from products.coverage import CoverageService
from products.download_counts import DownloadCounts
from products.facets import FacetService
from products.provenance import DisclosureService
from server.input_nodes import SpaceInputs
from server.services import Services
from webui.services import WebServices
from webui.sessions import SessionCookies

__all__ = ["web_services"]


def web_services(services: Services) -> WebServices:
    """Put together what pages and the REST API call."""
    settings = services.settings
    external = ExternalAccounts(
        services.database, admin_group=settings.admin_group, required_group=settings.required_group
    )
    authenticate = Authenticator(
        services.accounts,
        settings.public_url,
        trusted=_trusted(settings, external),
        secure=settings.cookies_are_secure,
    )
    return WebServices(
        settings=settings,
        authenticate=authenticate,
        accounts=services.accounts,
        products=services.products,
        groups=services.groups,
        sharing=services.sharing,
        life=services.life,
        links=services.links,
        audit=services.audit,
        administration=services.administration,
        releases=services.releases,
        types=services.types,
        uploads=services.uploads,
        associations=services.associations,
        downloads=services.downloads,
        jobs=services.jobs,
        pipelines=services.pipelines,
        provenance=services.provenance,
        disclosures=DisclosureService(services.database, SpaceInputs(services.space.nodes).may_read),
        space=services.space,
        facets=FacetService(services.database),
        coverage=CoverageService(services.database),
        download_counts=DownloadCounts(services.database),
        external=external,
        oidc=_oidc(settings),
        sessions=SessionCookies(services.accounts, authenticate, secure=settings.cookies_are_secure),
    )


def _trusted(settings: Settings, external: ExternalAccounts) -> TrustedHeaders | None:
    if not settings.trusted_networks:
        return None
    return TrustedHeaders(
        external,
        settings.trusted_networks,
        user_header=settings.trusted_user_header,
        groups_header=settings.trusted_groups_header,
        email_header=settings.trusted_email_header,
    )


def _oidc(settings: Settings) -> OidcSignIn | None:
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
