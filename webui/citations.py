"""Citations of products, with the names and addresses of this server."""

from dataclasses import dataclass

from core.errors import NotFoundError
from products.models import Product
from products.provenance.citation import bibtex_entry, citation_text
from webui.addresses import product_address
from webui.services import WebServices

__all__ = ["ProductCitation"]


@dataclass(frozen=True, slots=True)
class ProductCitation:
    """Citation of a product, as text and in BibTeX."""

    text: str
    bibtex: str

    @classmethod
    def of(cls, services: WebServices, product: Product) -> "ProductCitation":
        """Return the citations of a product that the caller may read."""
        try:
            author = services.accounts.service.user(product.owner).display_name
        except NotFoundError:
            author = product.owner
        site, url = services.settings.site_name, services.settings.public_url + product_address(product.internal_name)
        return cls(citation_text(product, author, site, url), bibtex_entry(product, author, site, url))
