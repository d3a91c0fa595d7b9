"""Products that their owner changes: look-up, progress of the inspection, and pages with a form."""

from dataclasses import dataclass

from fastapi import Response

from core.auth.models import Identity, Scope
from core.errors import NotFoundError
from products.access import require_change
from products.models import InspectionState, Product
from products.service import ProductDetails
from webui.addresses import product_key
from webui.pages.forms import FormState
from webui.pages.products.product_view import ProductView
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["Progress", "own_details", "product_page", "progress_of"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job.

    Parameters
    ----------
    fraction
        From 0 to 1.
    """

    fraction: float
    message: str

    @property
    def percent(self) -> int:
        """The fraction in percent."""
        return round(100 * self.fraction)


def own_details(services: WebServices, identity: Identity, name: str) -> ProductDetails:
    """Return a product that the caller may change, with its files and columns.

    Raises
    ------
    AuthenticationError
        The caller is not signed in.
    NotFoundError
        There is no such product, or the caller may not read it.
    PermissionDeniedError
        It belongs to another user.
    """
    identity.require(Scope.WRITE)
    details = services.products.service.details(identity, product_key(name))
    require_change(identity, details.product)
    return details


def product_page(
    services: WebServices,
    renderer: PageRenderer,
    template: str,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    **values: object,
) -> Response:
    """Render a page with a form about a product.

    Parameters
    ----------
    values
        Further variables of the template.
    """
    return renderer.form(
        template,
        identity,
        form,
        headers=None,
        details=details,
        view=ProductView.of(details, identity),
        progress=progress_of(services, details.product),
        **values,
    )


def progress_of(services: WebServices, product: Product) -> Progress | None:
    """Return the progress of the job that inspects the product's file; None when there is none."""
    if product.inspection_state is not InspectionState.RUNNING:
        return None
    if product.inspection_job is None:
        return Progress(0.0, "")
    try:
        job = services.jobs.get(product.inspection_job, owner=product.owner)
    except NotFoundError:  # the sweep will set the state of the product
        return Progress(0.0, "")
    return Progress(job.progress or 0.0, job.message or "")
