"""Products, product types, releases, and what belongs to them."""

from dataclasses import dataclass
from datetime import date, datetime

from pzserver.models.base import Model

__all__ = [
    "Author",
    "Award",
    "DeletedProduct",
    "Facet",
    "Facets",
    "Keyword",
    "Product",
    "ProductType",
    "ProductVersions",
    "RelatedResource",
    "Release",
    "ReleaseChoice",
    "SharedProduct",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Author(Model):
    """An author of a product, a person or a collaboration (DataCite: creator)."""

    name: str
    orcid: str = ""
    affiliation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Award(Model):
    """Funding of the work behind a product (DataCite: fundingReference)."""

    funder: str
    award: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword(Model):
    """A keyword, a concept of the Unified Astronomy Thesaurus if it has a number there."""

    text: str
    uat: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChoice(Model):
    """A flux type or a dereddening of a release, among which pipelines choose."""

    name: str
    display_name: str
    selected: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductType(Model):
    """A product type."""

    id: int
    name: str
    display_name: str
    order: int
    description: str
    mandatory_columns: tuple[str, ...]
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Model):
    """A data release."""

    id: int
    name: str
    display_name: str
    description: str | None
    created_at: datetime | None
    indexing_column: str
    has_mag_hats: bool
    has_flux_hats: bool
    dereddening: tuple[ReleaseChoice, ...] | None
    fluxes: tuple[ReleaseChoice, ...] | None
    is_public: bool
    access_groups: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Model):
    """A product, as the caller may see it."""

    id: int
    release: int | None
    release_name: str | None
    product_type: int
    product_type_name: str
    product_type_internal_name: str
    uploaded_by: str
    is_owner: bool
    origin: str
    process_status: str | None
    process_id: int | None
    product_status: str
    can_delete: bool
    can_update: bool
    internal_name: str
    display_name: str
    official_product: bool
    pz_code: str | None
    description: str | None
    created_at: datetime
    updated_at: datetime
    status: int
    release_year: int | None
    visibility: str
    groups: tuple[str, ...]
    co_owners: tuple[str, ...]
    previous_version: int | None
    authors: tuple[Author, ...]
    license: str
    references: tuple[str, ...]
    funding: tuple[Award, ...]
    keywords: tuple[Keyword, ...]
    doi: str
    embargo_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedProduct(Product):
    """A product that was changed or shared, with warnings for those who make it readable."""

    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedProduct(Product):
    """A deleted product that can be restored."""

    deleted_at: datetime
    restorable_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductVersions(Model):
    """The previous and the newer versions of a product."""

    previous: Product | None
    newer: tuple[Product, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet(Model):
    """One value of a facet, with its number of products."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets(Model):
    """The facets of the products that the filters find."""

    type: tuple[Facet, ...]
    release: tuple[Facet, ...]
    owner: tuple[Facet, ...]
    redshifts: tuple[Facet, ...]
    rows: tuple[Facet, ...]
    area: tuple[Facet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedResource(Model):
    """A related product, DOI or address."""

    kind: str
    target: str
    product: int | None
    display_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Model):
    """Storage that the caller uses, and the quota."""

    products: int
    used_bytes: int
    quota_bytes: int | None
