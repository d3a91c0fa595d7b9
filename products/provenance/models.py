"""What is told of a product's origin: an activity, what it used, and what is known of those products today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from products.models import Product
from products.service import ProductDetails

__all__ = ["Activity", "Provenance", "SourceProduct", "UsedEntity"]


@dataclass(frozen=True, slots=True)
class UsedEntity:
    """Something that an activity read.

    Parameters
    ----------
    role
        What it was to the activity: ``redshift_catalog``, ``object_catalog``, ``flags_translation`` …
    name
        Name that people know it by: of a product its internal name, of a file in the VOSpace its ``vos:`` address. Who
        may not read that file learns nothing of it but that there was one.
    product_id
        Number of the product of this server that it was, if it was one. Who may not read that product learns nothing
        of it but that there was one.
    version, sha256
        Which state of it was read.
    """

    role: str
    name: str
    product_id: int | None = None
    version: str | None = None
    sha256: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is known by the address of a file in the VOSpace."""
        return self.name.startswith("vos:")


@dataclass(frozen=True, slots=True)
class Activity:
    """What made a product.

    Parameters
    ----------
    name
        Name for people: ``Training Set Maker``.
    code_name, code_version
        The program, and which state of it ran.
    configuration
        The parameters that it ran with, as JSON. Everybody who reads the product sees them, so they name no other
        product: products belong into ``used``.
    timings
        Seconds that its steps took.
    job_id
        The job in which it ran.
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
    """What an activity used, as the one who asks may see it.

    Parameters
    ----------
    entity
        None when it is a product or a file that is gone, or that the one who asks may not read.
    product
        The product of this server that it was, if it was one.
    """

    entity: UsedEntity | None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a product comes from. Without an activity its owner sent it.

    Parameters
    ----------
    previous
        The product of which it is a new version, if the one who asks may read that.
    """

    details: ProductDetails
    activity: Activity | None
    sources: tuple[SourceProduct, ...]
    previous: Product | None = None
