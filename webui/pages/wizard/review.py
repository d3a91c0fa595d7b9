"""Step 4 of the wizard: review and publication, with a submission to a challenge."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from products.models import InspectionState, Product, ProductStatus
from products.service import ProductDetails
from products.validation import MissingColumnsError
from webui.addresses import product_address
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.products.drafts import own_details, product_page
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard.submission import SUBMISSION_FIELDS, ChosenTask, chosen_task, open_tasks, submit_to
from webui.services import WebServices

__all__ = ["add_routes"]

_PUBLISH_SECONDS = 2.0
_SAVED = 303


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the fourth step of the wizard."""
    authenticate = services.authenticate

    @router.get("/product/{name}/review")
    def review(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        if details.product.status is ProductStatus.PUBLISHED:
            return see_other(product_address(details.product.internal_name))
        return _review_page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/publish")
    def publish(
        name: str, identity: Identity = Depends(authenticate), fields: Mapping[str, str] = Depends(form_fields)
    ) -> Response:
        details = own_details(services, identity, name)
        task: ChosenTask | None = None

        def save() -> Product:
            nonlocal task
            task = chosen_task(services, identity, details.product, fields)
            return _publish(services, identity, details.product)

        done = save_or_show(
            save,
            lambda form: _review_page(services, renderer, identity, details, form),
            fields,
            SUBMISSION_FIELDS,
            then=_next_page,
        )
        if task is None or done.status_code != _SAVED:
            return done
        return submit_to(services, renderer, identity, task, details.product)


def _publish(services: WebServices, identity: Identity, product: Product) -> Product:
    """Publish a product; the error about missing meanings says where to choose them."""
    try:
        return services.products.uploads.publish(identity, product.id, seconds=_PUBLISH_SECONDS)
    except MissingColumnsError as e:
        message = (
            f"Products of type {product.product_type.display_name} need columns with the meanings "
            f"{', '.join(e.missing)}. Choose them in the step Columns association."
        )
        raise MissingColumnsError(message, e.missing) from e


def _next_page(product: Product) -> str:
    done = product.status is ProductStatus.PUBLISHED
    return product_address(product.internal_name, "" if done else "review")


def _review_page(
    services: WebServices, renderer: PageRenderer, identity: Identity, details: ProductDetails, form: FormState
) -> Response:
    failed = details.product.inspection_state is InspectionState.FAILED
    return product_page(
        services,
        renderer,
        "wizard/review.html",
        identity,
        details,
        form,
        failure=details.product.inspection_error if failed else None,
        tasks=open_tasks(services, identity, details.product),
    )
