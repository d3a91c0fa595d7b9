"""Citations of products, with the names and addresses of this server."""

from dataclasses import dataclass
from typing import Literal

from core.errors import NotFoundError
from products.models import Product
from products.provenance.citation import CitedProduct, bibtex_entry, citation_file, citation_text, ris_entry
from webui.addresses import product_address
from webui.services import WebServices

__all__ = ["ProductCitation"]


@dataclass(frozen=True, slots=True)
class ProductCitation:
    """Citation of a product in all its formats."""

    cited: CitedProduct

    @classmethod
    def of(cls, services: WebServices, product: Product) -> "ProductCitation":
        """Return the citations of a product that the caller may read."""
        authors = tuple(author.name for author in product.attribution.authors)
        page = services.settings.public_url + product_address(product.internal_name)
        return cls(
            CitedProduct(product, authors or (_owner_name(services, product),), services.settings.site_name, page)
        )

    @property
    def text(self) -> str:
        """The citation as a sentence."""
        return citation_text(self.cited)

    @property
    def bibtex(self) -> str:
        """The citation in BibTeX."""
        return bibtex_entry(self.cited)

    def document(self, name: Literal["text", "bibtex", "ris", "cff"]) -> tuple[str, str]:
        """Return the citation in a format, and the media type of that format."""
        if name == "bibtex":
            return self.bibtex, "application/x-bibtex"
        if name == "ris":
            return ris_entry(self.cited), "application/x-research-info-systems"
        if name == "cff":
            return citation_file(self.cited), "application/yaml"
        return f"{self.text}\n", "text/plain"


def _owner_name(services: WebServices, product: Product) -> str:
    try:
        return services.accounts.service.user(product.owner).display_name
    except NotFoundError:
        return product.owner
