"""Models of products, product types, releases, versions and facets."""

from datetime import date
from typing import Literal

from pydantic import Field

from products.attribution import Author, Award, Keyword
from products.models import Visibility
from webui.api.models.base import Instant, Response
from webui.api.models.files import MainFile

__all__ = [
    "CuratedPage",
    "DeletedProduct",
    "Downloads",
    "Draft",
    "Facet",
    "Facets",
    "Product",
    "ProductOptions",
    "ProductType",
    "ProductVersions",
    "ProductWithMainFile",
    "RelatedResource",
    "Release",
    "ReleaseChoice",
    "SharedProduct",
    "Usage",
]

ProcessStatus = Literal["Pending", "Running", "Successful", "Failed", "Stopped"]


class ProductType(Response):
    """A product type."""

    id: int
    name: str
    display_name: str
    order: int
    description: str
    mandatory_columns: list[str] = Field(description="Keys of the meanings that a product of this type must have.")
    created_at: Instant | None


class ReleaseChoice(Response):
    """A flux type or a dereddening of a release, among which pipelines choose."""

    name: str
    display_name: str
    selected: bool = False
    disabled: bool = False


class Release(Response):
    """A data release."""

    id: int
    name: str
    display_name: str
    description: str | None
    created_at: Instant | None
    indexing_column: str
    has_mag_hats: bool
    has_flux_hats: bool
    dereddening: list[ReleaseChoice] | None
    fluxes: list[ReleaseChoice] | None
    is_public: bool
    access_groups: list[int] = Field(description="Ids of the groups to which it is restricted.")


class Product(Response):
    """A product, as the caller may see it."""

    id: int
    release: int | None
    release_name: str | None
    product_type: int
    product_type_name: str
    product_type_internal_name: str
    uploaded_by: str
    is_owner: bool
    origin: str = Field(description="Upload, or the pipeline that made it.")
    process_status: ProcessStatus | None
    process_id: int | None
    product_status: str
    can_delete: bool
    can_update: bool
    internal_name: str
    display_name: str
    official_product: bool
    pz_code: str | None
    description: str | None
    created_at: Instant
    updated_at: Instant
    status: Literal[0, 1, 2, 3, 9] = Field(description="0 registering, 1 published, 2 deleted, 3 processing, 9 failed.")
    release_year: int | None
    visibility: Visibility
    groups: list[str] = Field(description="Groups that it is shared with, for those who may change it.")
    co_owners: list[str]
    previous_version: int | None
    authors: list[Author]
    license: str
    references: list[str]
    funding: list[Award]
    keywords: list[Keyword]
    doi: str
    embargo_date: date | None = Field(description="Day (UTC) at which it becomes public.")


class SharedProduct(Product):
    """A product that was changed or shared, with warnings for those who make it readable."""

    warnings: list[str]


class ProductWithMainFile(Product):
    """A product with its main file and its columns."""

    main_file: MainFile


class DeletedProduct(Product):
    """A deleted product that can be restored."""

    deleted_at: Instant
    restorable_until: Instant


class Draft(Response):
    """The newest draft of the caller."""

    product: Product | None


class ProductVersions(Response):
    """The previous and the newer versions of a product."""

    previous: Product | None
    newer: list[Product]


class ProductOptions(Response):
    """Names of the filters and orderings of the list of products."""

    name: str
    filter_classes: list[dict[str, str]]
    filterset: list[str]
    content_filters: list[str]
    search: list[str]
    ordering: list[str]


class Facet(Response):
    """One value of a facet, with its number of products."""

    value: str
    label: str
    count: int


class Facets(Response):
    """The facets of the products that the filters find."""

    type: list[Facet]
    release: list[Facet]
    owner: list[Facet]
    redshifts: list[Facet]
    rows: list[Facet]
    area: list[Facet]


class RelatedResource(Response):
    """A related product, DOI or address."""

    kind: str = Field(description="Relation type of DataCite.")
    target: str
    product: int | None
    display_name: str | None


class Downloads(Response):
    """Number of complete downloads of a product."""

    product: int
    downloads: int


class Usage(Response):
    """Storage that the caller uses, and the quota."""

    products: int
    used_bytes: int
    quota_bytes: int | None


class CuratedPage(Response):
    """The page of curated datasets."""

    text: str = Field(description="Markdown.")
    version: int = Field(description="Number of times that it was saved.")
    changed_at: Instant | None
