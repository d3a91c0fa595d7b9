"""Services that the pages and the REST API call."""

from dataclasses import dataclass

from core.auth.assembly import AccountServices
from core.auth.dependencies import Authenticator
from core.parts import part
from core.settings import Settings
from core.site_texts import SiteTexts
from pipelines.assembly import PipelineServices
from products.assembly import ProductServices
from registry.assembly import RegistryServices
from tap.assembly import TapServices
from uws import JobService
from vospace.assembly import VOSpaceServices
from webui.explorer.counts import RowCounts
from webui.sessions import SessionCookies

__all__ = ["WebServices"]


@dataclass(frozen=True)
class WebServices:
    """Services of the other packages, as the handlers of the web layer use them."""

    settings: Settings
    authenticate: Authenticator
    accounts: AccountServices
    products: ProductServices
    vospace: VOSpaceServices
    pipelines: PipelineServices
    jobs: JobService
    tap: TapServices
    registry: RegistryServices
    site_texts: SiteTexts

    @part
    def sessions(self) -> SessionCookies:
        """The session cookies of browsers."""
        return SessionCookies(self.accounts.service, self.authenticate, secure=self.settings.cookies_are_secure)

    @part
    def row_counts(self) -> RowCounts:
        """The numbers of rows of selections in the data explorer."""
        return RowCounts(self.tap)
