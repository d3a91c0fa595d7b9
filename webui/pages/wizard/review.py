"""Step 4 of the wizard: review and publication."""

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError
from products.models import InspectionState, ProductStatus
from products.service import ProductDetails
from webui.addresses import product_address
from webui.pages.forms import FormState
from webui.pages.products.drafts import own_details, progress_of
from webui.pages.products.product_view import ProductView
from webui.pages.rendering.templates import PageRenderer, see_other
from webui.services import WebServices

__all__ = ["add_routes"]

_PUBLISH_SECONDS = 2.0


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the fourth step."""
    authenticate, uploads = services.authenticate, services.products.uploads

    @router.get("/product/{name}/review")
    def review(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        if details.product.status is ProductStatus.PUBLISHED:
            return see_other(product_address(details.product.internal_name))
        return _review_page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/publish")
    def publish(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        try:
            product = uploads.publish(identity, details.product.id, seconds=_PUBLISH_SECONDS)
        except (InvalidValueError, ConflictError) as e:
            return _review_page(services, renderer, identity, details, FormState.refused({}, e), status=e.status)
        done = product.status is ProductStatus.PUBLISHED
        return see_other(product_address(product.internal_name, "" if done else "review"))


def _review_page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    *,
    status: int = 200,
) -> Response:
    view = ProductView.of(details, identity)
    failed = details.product.inspection_state is InspectionState.FAILED
    return renderer.page(
        "wizard/review.html",
        identity,
        status=status,
        details=details,
        view=view,
        form=form,
        progress=progress_of(services, details.product),
        warnings=view.found.notes if view.found else (),
        failure=details.product.inspection_error if failed else None,
    )
