"""Public products with what descriptions for machines say of them: DataCite, schema.org, signposting."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from sqlalchemy import select

from core.auth.models import ANONYMOUS
from core.auth.schema import UserRow
from core.database import Database
from core.markdown import plain_text
from products.access import readable
from products.attribution import RelationKind
from products.attribution.identifiers import IdentifierType, address_of, type_of
from products.lifecycle.versions import ProductVersionService
from products.models import Product, ProductFile, ProductStatus
from products.provenance.citation import CitedProduct
from products.schema import ProductRow
from products.sharing.attribution import RelationService
from products.storage import product_files

__all__ = ["DescriptionService", "ProductDescription", "RelatedIdentifier"]


@dataclass(frozen=True, slots=True)
class RelatedIdentifier:
    """A related resource by a persistent identifier or its address (DataCite: relatedIdentifier)."""

    relation: RelationKind | Literal["IsPreviousVersionOf"]
    identifier: str
    type: IdentifierType

    @property
    def address(self) -> str:
        """The address at which it is resolved."""
        return address_of(self.identifier)


@dataclass(frozen=True, slots=True)
class ProductDescription:
    """A public product with what everybody may know of it.

    Parameters
    ----------
    files
        Its files, the main one first.
    related
        Resources that it is related to; products of this server only if they are public.
    url
        Address of this server.
    """

    cited: CitedProduct
    files: tuple[ProductFile, ...]
    related: tuple[RelatedIdentifier, ...]
    url: str

    @property
    def product(self) -> Product:
        """The product."""
        return self.cited.product

    @property
    def abstract(self) -> str:
        """The description without markup; the title when there is none."""
        return plain_text(self.product.description) or self.product.display_name

    @property
    def formats(self) -> tuple[str, ...]:
        """The media types of the files, each once."""
        return tuple(dict.fromkeys(file.media_type for file in self.files))

    @property
    def download_address(self) -> str:
        """The address of all files as a zip archive."""
        return f"{self.url}/api/products/{self.product.id}/zip"

    def file_address(self, file: ProductFile) -> str:
        """Return the address of a file."""
        return f"{self.url}/api/products/{self.product.id}/files/{quote(file.name, safe='')}"

    @property
    def datacite_address(self) -> str:
        """The address of the DataCite metadata."""
        return f"{self.url}/api/products/{self.product.id}/datacite"


class DescriptionService:
    """Describe published products that everybody may read.

    Parameters
    ----------
    publisher
        Name of this service.
    url
        Its address.
    """

    def __init__(
        self,
        database: Database,
        relations: RelationService,
        versions: ProductVersionService,
        *,
        publisher: str,
        url: str,
    ) -> None:
        self._database = database
        self._relations = relations
        self._versions = versions
        self._publisher = publisher
        self._url = url

    def of(self, product: Product) -> ProductDescription | None:
        """Return the description of a product; None unless it is published and everybody may read it."""
        with self._database.read() as session:
            shown = (
                ProductRow.id == product.id,
                ProductRow.status == ProductStatus.PUBLISHED,
                readable(ANONYMOUS),
            )
            if session.scalar(select(ProductRow.id).where(*shown)) is None:
                return None
            owner = session.get(UserRow, product.owner_id)
            files = product_files(session, product.id)
        full_name = "" if owner is None else f"{owner.first_name} {owner.last_name}".strip()
        authors = tuple(author.name for author in product.attribution.authors) or (full_name or product.owner,)
        cited = CitedProduct(product, authors, self._publisher, self._page(product))
        return ProductDescription(cited, files, tuple(dict.fromkeys(self._related(product))), self._url)

    def _page(self, product: Product) -> str:
        return f"{self._url}/product/{quote(product.internal_name, safe='')}"

    def _related(self, product: Product) -> Iterator[RelatedIdentifier]:
        for related in self._relations.of(ANONYMOUS, product):
            target = related.identifier if related.product is None else self._identifier(related.product)
            yield RelatedIdentifier(related.kind, target, type_of(target))
        for reference in product.attribution.references:
            yield RelatedIdentifier(RelationKind.CITES, reference, type_of(reference))
        versions = self._versions.versions(ANONYMOUS, product)
        if versions.previous is not None:
            target = self._identifier(versions.previous)
            yield RelatedIdentifier(RelationKind.IS_NEW_VERSION_OF, target, type_of(target))
        for newer in versions.newer:
            target = self._identifier(newer)
            yield RelatedIdentifier("IsPreviousVersionOf", target, type_of(target))

    def _identifier(self, product: Product) -> str:
        return product.attribution.doi or self._page(product)
