"""Addresses under which other programs fetch a result or a footprint that a page sends to them by SAMP.

What everybody may read has its public address. Anything else has a signed one, which is valid for an hour, but not
longer than the sign-in or token that made it; what its user may read is checked again when it is used.
"""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from core.auth.callers import caller_of
from core.auth.models import ANONYMOUS, Identity, Scope
from core.auth.signing import LinkSigner, secret_key
from core.errors import InvalidValueError, NotFoundError, PermissionDeniedError, PhotozError, TooLargeError
from core.telemetry.logs import add_log_field
from core.votable import error_document
from core.web.routes import file_answer
from core.web.streaming import StreamedAnswer
from tap.adql import UnknownTableError
from tap.handlers.turns import answer_in_turn
from tap.results import RESULT_FORMATS
from webui.addresses import product_key
from webui.pages.forms import form_fields
from webui.pages.query.form import QueryForm, tap_parameters
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_LINK_SECONDS = 3600
_FORMATS = ("votable", "fits", "parquet")
_LONGEST_ADDRESS = 6000
_READ = ["GET", "HEAD"]


def add_routes(router: APIRouter, services: WebServices, _renderer: PageRenderer) -> None:
    """Add the address that makes addresses, and those that programs fetch."""
    links = _Links(services)

    @router.post("/query/send")
    def send(
        identity: Identity = Depends(services.authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        try:
            address = (
                links.footprint(identity, fields["product"]) if "product" in fields else links.rows(identity, fields)
            )
        except PhotozError as e:
            return JSONResponse({"error": e.message}, e.status)
        return JSONResponse({"url": address, "seconds": _LINK_SECONDS}, headers={"Cache-Control": "no-store"})

    @router.api_route("/query/sent/{token}/{name}", methods=_READ)
    async def sent(token: str, request: Request, _caller: Identity = Depends(services.authenticate)) -> Response:
        try:
            identity, content = await run_in_threadpool(links.read, token)
            if "product" in content:
                return await run_in_threadpool(_footprint, services, identity, str(content["product"]), request)
            form = QueryForm(text=str(content["query"]))
            parameters = tap_parameters(form, str(content["format"]), maxrec=services.settings.maxrec_limit)
            begin = partial(services.tap.service.query, parameters, identity, owner=caller_of(request, identity))
            answer = await answer_in_turn(request, begin)
        except PhotozError as e:
            return Response(error_document(e.message), e.status, media_type="application/x-votable+xml")
        return StreamedAnswer(
            answer.chunks, media_type=answer.media_type, close=answer.close, headers=dict(answer.headers)
        )


class _Links:
    """Addresses of results and footprints for programs that have no credentials."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._signer = LinkSigner(secret_key(services.settings), "sending", seconds=_LINK_SECONDS)

    def rows(self, identity: Identity, fields: Mapping[str, str]) -> str:
        """Return the address of the rows of a query.

        Raises
        ------
        InvalidValueError
            The query or the format is not valid.
        TooLargeError
            The query is too long for an address.
        """
        query, chosen = fields.get("query", "").replace("\r\n", "\n"), fields.get("format", "votable")
        if chosen not in _FORMATS:
            message = f"A table cannot be sent as '{chosen[:40]}'; use {', '.join(_FORMATS)}."
            raise InvalidValueError(message, field="format")
        self._services.tap.service.check(query, identity)
        if self._is_public(query):
            parameters = {"LANG": "ADQL", "RESPONSEFORMAT": chosen, "QUERY": query}
            parameters |= {"MAXREC": str(self._services.settings.maxrec_limit)}
            address = f"{self._services.settings.public_url}/tap/sync?{urlencode(parameters)}"
        else:
            content = {"query": query, "format": chosen}
            address = self._signed(identity, content, f"result.{RESULT_FORMATS[chosen].extension}")
        if len(address) > _LONGEST_ADDRESS:
            message = "The query is too long to be sent as an address. Save its result as a table, and send that."
            raise TooLargeError(message, field="query")
        return address

    def footprint(self, identity: Identity, name: str) -> str:
        """Return the address of the footprint of a product, which the identity may read."""
        product = self._services.products.service.details(identity, product_key(name)).product
        return self._signed(identity, {"product": product.internal_name}, f"{product.internal_name}_moc.fits")

    def read(self, token: str) -> tuple[Identity, Mapping[str, str | int]]:
        """Return the identity and the content of an address.

        Raises
        ------
        PermissionDeniedError
            The address is not valid, or it has ended, or what made it.
        """
        content = self._signer.read(token)
        accounts, name = self._services.accounts, str(content["user"])
        if not accounts.is_valid_credential(str(content["made_by"])):
            message = "The token or the sign-in that made this address has ended. Send the table again."
            raise PermissionDeniedError(message)
        if name:
            add_log_field("user", name)
        try:
            return accounts.identity_of(name, Scope(str(content["scope"]))) if name else ANONYMOUS, content
        except NotFoundError as e:
            message = f"The account '{name}' is no longer active."
            raise PermissionDeniedError(message) from e

    def _signed(self, identity: Identity, content: Mapping[str, str], name: str) -> str:
        maker = {"user": identity.name or "", "scope": str(identity.scope), "made_by": identity.credential.key}
        token = self._signer.sign({**content, **maker})
        return f"{self._services.settings.public_url}/query/sent/{token}/{name}"

    def _is_public(self, query: str) -> bool:
        try:
            self._services.tap.service.check_tables(query, ANONYMOUS)
        except UnknownTableError:
            return False
        return True


def _footprint(services: WebServices, identity: Identity, name: str, request: Request) -> Response:
    """Return the footprint of a product as a MOC in FITS (MOC 2.0 §4.2)."""
    from io import BytesIO

    from mocpy import MOC

    details = services.products.service.details(identity, product_key(name))
    if details.table is None or not details.table.footprint:
        message = f"The product {name} has no footprint, because its table has no positions."
        raise NotFoundError(message)
    file = BytesIO()
    MOC.from_string(details.table.footprint, format="ascii").serialize(format="fits").writeto(file)
    content = file.getvalue()
    return file_answer(
        request,
        name=f"{details.product.internal_name}_moc.fits",
        media_type="application/fits",
        size=len(content),
        etag=f"{details.product.id}-{details.table.stored_id}",
        modified=details.product.updated_at,
        read=lambda start, end: iter((content[start:end],)),
    )
