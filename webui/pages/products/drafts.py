"""Products on their way to publication, as the steps of the wizard see them."""

from dataclasses import dataclass

from core.auth.models import Identity, Scope
from core.errors import NotFoundError
from products.access import require_change
from products.models import InspectionState, Product
from products.service import ProductDetails
from webui.addresses import product_key
from webui.services import WebServices

__all__ = ["Progress", "own_details", "progress_of"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of a file is.

    Parameters
    ----------
    fraction
        From 0 to 1.
    """

    fraction: float
    message: str

    @property
    def percent(self) -> int:
        """The fraction as people read it."""
        return round(100 * self.fraction)


def own_details(services: WebServices, identity: Identity, name: str) -> ProductDetails:
    """Find a product that the reader may change, with everything that belongs to it.

    Raises
    ------
    AuthenticationError
        Nobody signed in.
    NotFoundError
        There is no such product, or the reader may not know that there is.
    PermissionDeniedError
        It belongs to somebody else.
    """
    identity.require(Scope.WRITE)
    details = services.products.service.details(identity, product_key(name))
    require_change(identity, details.product)
    return details


def progress_of(services: WebServices, product: Product) -> Progress | None:
    """Return how far the job is that reads the product's file; None when there is none."""
    if product.inspection_state is not InspectionState.RUNNING:
        return None
    if product.inspection_job is None:
        return Progress(0.0, "")
    try:
        job = services.jobs.get(product.inspection_job, owner=product.owner)
    except NotFoundError:  # the sweep will say so of the product
        return Progress(0.0, "")
    return Progress(job.progress or 0.0, job.message or "")
