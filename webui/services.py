"""The services that pages and the REST API cover."""

from dataclasses import dataclass

from core.auth.dependencies import Authenticator
from core.auth.service import AccountService
from core.settings import Settings
from pipelines.service import PipelineService
from products.associations import AssociationService
from products.downloads import DownloadService
from products.provenance import ProvenanceService
from products.service import ProductService
from products.uploads import UploadService
from uws import JobService

__all__ = ["WebServices"]


@dataclass(frozen=True, slots=True)
class WebServices:
    """What handlers of the web layer call."""

    settings: Settings
    authenticate: Authenticator
    accounts: AccountService
    products: ProductService
    uploads: UploadService
    associations: AssociationService
    downloads: DownloadService
    jobs: JobService
    pipelines: PipelineService
    provenance: ProvenanceService
