"""Descriptions of columns from a table that is pasted or sent as a file, in step 3 of the wizard."""

from types import TracebackType
from typing import Self

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.errors import ConflictError, InvalidValueError, TooLargeError
from core.files import StoredBytes
from core.web.multipart import receive_form
from products.lifecycle.column_descriptions import read_descriptions
from products.lifecycle.column_meanings import DescribedColumns
from products.service import ProductDetails
from webui.addresses import product_address
from webui.pages.forms import FormState
from webui.pages.products.drafts import own_details, product_page
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MOST_BYTES = 2_000_000


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page on which columns are described by a table."""
    authenticate = services.authenticate

    @router.get("/product/{name}/descriptions")
    def descriptions_form(name: str, identity: Identity = Depends(authenticate)) -> Response:
        details = own_details(services, identity, name)
        return _page(services, renderer, identity, details, FormState())

    @router.post("/product/{name}/descriptions")
    async def descriptions(name: str, request: Request, identity: Identity = Depends(authenticate)) -> Response:
        details = await run_in_threadpool(own_details, services, identity, name)
        memory = _Memory()
        form = await receive_form(request, lambda _: memory)
        pasted = form.fields.get("descriptions", "")
        data = bytes(memory.data) if form.files else pasted.encode()
        return await run_in_threadpool(_take, services, renderer, identity, details, data, pasted)


def _take(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    data: bytes,
    pasted: str,
) -> Response:
    try:
        given = read_descriptions(data)
        done = services.products.column_meanings.describe_columns(identity, details.product.id, given)
    except (InvalidValueError, ConflictError) as e:
        form = FormState.refused({"descriptions": pasted}, e)
        return _page(services, renderer, identity, details, form)
    details = own_details(services, identity, details.product.internal_name)
    return _page(services, renderer, identity, details, FormState(), done)


def _page(
    services: WebServices,
    renderer: PageRenderer,
    identity: Identity,
    details: ProductDetails,
    form: FormState,
    done: DescribedColumns | None = None,
) -> Response:
    columns = product_address(details.product.internal_name, "columns")
    return product_page(
        services,
        renderer,
        "wizard/descriptions.html",
        identity,
        details,
        form,
        done=done,
        columns_address=columns,
    )


class _Memory:
    """Staged file that is kept in memory, because it is read at once and never stored."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self.data += chunk
        if len(self.data) > _MOST_BYTES:
            message = f"The table of descriptions is larger than {_MOST_BYTES // 1_000_000} MB; send its header only."
            raise TooLargeError(message, field="file")

    def finish(self) -> StoredBytes:
        """End the file."""
        return StoredBytes("", len(self.data), "", "")

    def undo(self) -> None:
        """Forget the bytes."""
        self.data.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        """Do nothing: there is nothing to release."""
