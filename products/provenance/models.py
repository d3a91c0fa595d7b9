"""Models of provenance: an activity, the entities that it used, and the products of this server among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from products.models import Product
from products.service import ProductDetails

__all__ = ["Activity", "Provenance", "SourceProduct", "UsedEntity"]


@dataclass(frozen=True, slots=True)
class UsedEntity:
    """An entity used by an activity.

    Parameters
    ----------
    role
        Role in the activity: ``redshift_catalog``, ``object_catalog``, ``flags_translation`` …
    name
        Internal name of a product, or ``vos:`` address of a file in VOSpace. Users who may not read the file see only
        that there was one.
    product_id
        Number of the product of this server, if it was one. Users who may not read it see only that there was one.
    version, sha256
        Version and checksum of what was read.
    """

    role: str
    name: str
    product_id: int | None = None
    version: str | None = None
    sha256: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a file in VOSpace."""
        return self.name.startswith("vos:")


@dataclass(frozen=True, slots=True)
class Activity:
    """The activity that made a product.

    Parameters
    ----------
    name
        Display name: ``Training Set Maker``.
    code_name, code_version
        Name and version of the program.
    configuration
        Parameters as JSON. All readers of the product see them, so they name no other product: products belong into
        ``used``.
    timings
        Duration of its steps in seconds.
    job_id
        The job that ran it.
    """

    name: str
    code_name: str
    code_version: str
    started_at: datetime
    ended_at: datetime
    configuration: Mapping[str, object] = field(default_factory=dict)
    used: tuple[UsedEntity, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class SourceProduct:
    """An entity used by an activity, as far as the caller may see it.

    Parameters
    ----------
    entity
        None when it is a product or a file that was deleted, or that the caller may not read.
    product
        The product of this server, if it was one.
    """

    entity: UsedEntity | None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Provenance of a product; one without an activity was uploaded by its owner.

    Parameters
    ----------
    previous
        The product that this one is a new version of, if the caller may read it.
    """

    details: ProductDetails
    activity: Activity | None
    sources: tuple[SourceProduct, ...]
    previous: Product | None = None
