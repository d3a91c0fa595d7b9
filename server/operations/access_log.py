"""Access log: a request id for each request, and a record of each request for the log and the metrics."""

import logging
import re
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.auth.callers import FORWARDED
from core.telemetry.logs import log_fields
from core.telemetry.traces import OpenSpan, span
from core.web.routes import REQUEST_ID

__all__ = ["SECRET_PARAMETERS", "AccessLogMiddleware", "RequestRecord", "RouteMiddleware"]

#: Parameters of paths that open something to whoever knows them; they are not logged.
SECRET_PARAMETERS = frozenset({"secret", "ticket", "token"})

#: Key of the record in the state of a request.
_RECORD = "request_record"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CONVERTER = re.compile(r"\{(\w+)(?::\w+)?\}")
_LONGEST_SEGMENT = 24  # of an address that no route has, which may be a secret with a typing error
_LONGEST_PATH = 300
_QUIET = ("/health/", "/metrics")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RequestRecord:
    """What is known of a request; some of it only after its route was found and its response was sent.

    Parameters
    ----------
    scope
        ASGI scope that the router got; the outermost one before.
    status
        Status of the response; 499 when the client disconnected before it began.
    sent
        Bytes of its body.
    complete
        Whether its last byte was sent.
    """

    request_id: str
    scope: MutableMapping[str, Any]
    began: float = field(default_factory=monotonic)
    status: int = 499
    sent: int = 0
    complete: bool = False

    @property
    def route(self) -> str | None:
        """Template of the path, such as ``/tap/async/{job_id}``; None when no route has the address."""
        path = getattr(self.scope.get("route"), "path", None)
        if path is None and str(self.scope["path"]).startswith("/static/"):
            return "/static/{path}"
        return path and _CONVERTER.sub(r"{\1}", path)

    @property
    def path(self) -> str:
        """Path without the parameters that are secrets, and without the query."""
        route = self.route
        if route is None:
            parts = str(self.scope["path"])[:_LONGEST_PATH].split("/")
            return "/".join(part if len(part) <= _LONGEST_SEGMENT else "…" for part in parts)
        values = self.scope.get("path_params", {}) | dict.fromkeys(SECRET_PARAMETERS, "…")
        if route == "/static/{path}":
            return str(self.scope["path"])[:_LONGEST_PATH]
        return _CONVERTER.sub(lambda match: str(values.get(match[1], match[0])), route)[:_LONGEST_PATH]

    @property
    def client(self) -> str:
        """Address of the client; that which a known proxy forwards, if any."""
        client = self.scope.get("client")
        return str(self.scope["state"].get(FORWARDED) or (client[0] if client else ""))

    @property
    def seconds(self) -> float:
        """Time since the request began."""
        return monotonic() - self.began

    def context(self) -> dict[str, object]:
        """Return the fields of all log records that belong to the request."""
        values = self.scope.get("path_params", {})
        route = self.route or ""
        product = values.get("product_id") or (values.get("name") if route.startswith("/product/") else None)
        return {
            "request_id": self.request_id,
            "user": getattr(self.scope["state"].get("identity"), "name", None),
            "client": self.client,
            "job_id": values.get("job_id"),
            "product": product,
        }

    def fields(self) -> dict[str, object]:
        """Return the fields of the line of the access log, beside those of the context."""
        headers = dict(self.scope["headers"])
        return {
            "method": self.scope["method"],
            "path": self.path,
            "route": self.route,
            "status": self.status,
            "bytes": self.sent,
            "seconds": round(self.seconds, 4),
            "complete": self.complete,
            "agent": headers.get(b"user-agent", b"").decode("latin-1")[:100] or None,
        }


class AccessLogMiddleware:
    """Outermost middleware: names the request, sends the name back, and records how the request ended.

    A well-formed ``X-Request-Id`` of the client, or of a proxy, is kept; otherwise one is made.

    Parameters
    ----------
    on_end
        Called with the record of each request that has ended.
    """

    def __init__(self, app: ASGIApp, on_end: Callable[[RequestRecord], object] = lambda _: None) -> None:
        self._app = app
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and record its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = RequestRecord(_request_id(scope), scope)
        scope.setdefault("state", {}).update({REQUEST_ID: record.request_id, _RECORD: record})

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                named = (b"x-request-id", record.request_id.encode())
                message = {**message, "headers": [*message["headers"], named]}
            await send(message)
            if message["type"] == "http.response.body":
                record.sent += len(message.get("body", b""))
                record.complete = not message.get("more_body", False)

        is_quiet = scope["path"].startswith(_QUIET)
        with log_fields(record.context) as added, nullcontext(OpenSpan()) if is_quiet else _traced(scope) as traced:
            try:
                await self._app(scope, receive, send_and_record)
            except Exception:
                if record.status == 499:  # no response has begun; that of the error handler is sent outside of this
                    record.status = 500
                _log.exception("request failed")
                raise
            finally:
                self._on_end(record)
                _describe(traced, record, added)
                _log.log(logging.DEBUG if is_quiet else logging.INFO, "request", extra=record.fields())


class RouteMiddleware:
    """Innermost middleware: stores the scope in which the router leaves the route and its parameters."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the router."""
        record = scope.get("state", {}).get(_RECORD)
        if record is not None:
            record.scope = scope
        await self._app(scope, receive, send)


def _traced(scope: Scope) -> AbstractContextManager[OpenSpan]:
    """Return the span of a request, below that which the headers of the client name."""
    traceparent = (value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent")
    return span(scope["method"], headers={"traceparent": next(traceparent, "")})


def _describe(traced: OpenSpan, record: RequestRecord, added: Mapping[str, object]) -> None:
    """Give a span the name and the attributes of a request that has ended (OpenTelemetry's HTTP conventions 1.23)."""
    method, route = record.scope["method"], record.route
    context = {**added, **{name: value for name, value in record.context().items() if value is not None}}
    traced.rename(f"{method} {route}" if route else method)
    traced.set(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": record.status,
            "http.response.body.size": record.sent,
            "url.path": record.path,
            "client.address": record.client,
            "enduser.id": _text(context.get("user")),
            "photoz.request_id": record.request_id,
            "photoz.job_id": _text(context.get("job_id")),
            "photoz.product": _text(context.get("product")),
        }
    )
    if record.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        traced.fail(str(record.status))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _request_id(scope: Scope) -> str:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
    return given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
