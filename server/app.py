"""Web application: the routers of all services, middleware, and the thread of periodic maintenance."""

import logging
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Response

from core.database import utc_now
from core.settings import Settings
from core.vosi import present_availability
from core.web.deferred_routes import DeferredRoutes
from core.web.routes import add_routers
from server.connections import MAX_HEAD_BYTES
from server.middleware import (
    ChallengeMiddleware,
    ForwardedMiddleware,
    HeadersMiddleware,
    OpenReadingMiddleware,
    PathMiddleware,
    RequestHeadMiddleware,
)
from server.operations.access_log import AccessLogMiddleware, RouteMiddleware
from server.operations.health import Health, checks_of, health_routes
from server.operations.maintenance import maintain
from server.operations.metrics import ServerMetrics, metrics_routes
from server.route_groups import prepare_routes, route_groups
from server.services import Services
from webui.compression import PageCompressionMiddleware
from webui.pages.errors import error_handlers
from webui.static_files import static_files

__all__ = ["create_app"]

_log = logging.getLogger(__name__)

#: Path prefixes of the VO services.
_VO = ("/tap/", "/auth/tap/", "/reg/tap/", "/vospace/", "/conesearch/", "/pipelines/", "/gms/")


def create_app(services: Services) -> FastAPI:
    """Create the FastAPI application of these services, which it closes when it shuts down."""
    settings = services.settings
    health = Health(checks_of(services))
    metrics = ServerMetrics(services, health)
    availability = partial(present_availability, health.problems, utc_now())
    groups = route_groups(services, availability)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        threads = (
            threading.Thread(target=maintain, args=(services, stop, metrics.sample), name="maintenance", daemon=True),
            threading.Thread(target=_prepare, args=(services, groups, stop), name="routes", daemon=True),
        )
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            services.close()

    app = FastAPI(
        title=f"{settings.site_name} REST API",
        version=version("photoz-server"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    app.openapi = partial(_api_document, app, settings.public_url)  # type: ignore[method-assign]  # as the documentation of FastAPI describes
    app.state.health = health
    add_routers(app, health_routes(health), metrics_routes(settings, metrics))
    for kind, handler in error_handlers(services.web).items():
        app.add_exception_handler(kind, handler)

    @app.get("/availability", include_in_schema=False)
    def answer_availability() -> Response:
        return Response(availability(), media_type="text/xml")

    app.routes.extend(groups)
    # After the pages, which have /static/clients.
    app.mount("/static", static_files(), name="static")
    _add_middleware(app, settings, metrics)
    return app


def _prepare(services: Services, groups: Iterable[DeferredRoutes], stop: threading.Event) -> None:
    """Construct what requests need: the routes, then the rows of metadata tables."""
    prepare_routes(groups, stop)
    try:
        services.tap.prepare_metadata(stop)
    except Exception:  # noqa: BLE001 - queries make what is missing; the traceback is in the log
        _log.exception("rows of metadata tables are not prepared")


def _api_document(app: FastAPI, base: str) -> dict[str, Any]:
    from webui.api.openapi import api_document

    return api_document(app, base)


def _add_middleware(app: FastAPI, settings: Settings, metrics: ServerMetrics) -> None:
    app.add_middleware(RouteMiddleware)
    app.add_middleware(PageCompressionMiddleware)
    app.add_middleware(
        HeadersMiddleware,
        headers=(
            ("server", f"photoz-server/{version('photoz-server')}"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            # Responses depend on the access rights of the user, so browsers revalidate them each time.
            ("cache-control", "private, no-cache"),
        ),
    )
    app.add_middleware(
        OpenReadingMiddleware,
        prefixes=(
            "/tap",
            "/auth/tap",
            "/vospace/",
            "/conesearch/",
            "/datalink",
            "/availability",
            "/query/sent/",
            "/oai",
            "/reg/",
            "/hats/",
        ),
    )
    app.add_middleware(ChallengeMiddleware, prefixes=_VO, sign_in_url=f"{settings.public_url}/api/sign-in")
    app.add_middleware(PathMiddleware)
    app.add_middleware(ForwardedMiddleware, networks=settings.proxy_networks)
    app.add_middleware(RequestHeadMiddleware, longest=MAX_HEAD_BYTES)
    app.add_middleware(AccessLogMiddleware, on_end=metrics.count)
