"""The services that pages and the REST API cover."""

from dataclasses import dataclass

from core.audit import AuditLog
from core.auth.administration import AccountAdministration
from core.auth.dependencies import Authenticator
from core.auth.external import ExternalAccounts
from core.auth.groups import GroupService
from core.auth.oidc import OidcSignIn
from core.auth.service import AccountService
from core.settings import Settings
from pipelines.service import PipelineService
from products.associations import AssociationService
from products.coverage import CoverageService
from products.download_counts import DownloadCounts
from products.downloads import DownloadService
from products.facets import FacetService
from products.life import LifeService
from products.links import LinkService
from products.provenance import DisclosureService, ProvenanceService
from products.releases import ReleaseAdministration
from products.service import ProductService
from products.sharing import SharingService
from products.type_administration import TypeAdministration
from products.uploads import UploadService
from uws import JobService
from vospace.space import VOSpace
from webui.sessions import SessionCookies

__all__ = ["WebServices"]


@dataclass(frozen=True, slots=True)
class WebServices:
    """What handlers of the web layer call."""

    settings: Settings
    authenticate: Authenticator
    accounts: AccountService
    products: ProductService
    groups: GroupService
    sharing: SharingService
    life: LifeService
    links: LinkService
    audit: AuditLog
    administration: AccountAdministration
    releases: ReleaseAdministration
    types: TypeAdministration
    uploads: UploadService
    associations: AssociationService
    downloads: DownloadService
    jobs: JobService
    pipelines: PipelineService
    provenance: ProvenanceService
    disclosures: DisclosureService
    space: VOSpace
    facets: FacetService
    coverage: CoverageService
    download_counts: DownloadCounts
    external: ExternalAccounts
    oidc: OidcSignIn | None
    sessions: SessionCookies
