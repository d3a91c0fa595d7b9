"""Web application: the routers of all services, middleware, and the thread of periodic maintenance."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI, Response

from core.database import utc_now
from core.settings import Settings
from core.vosi import present_availability
from core.web.routes import add_routers
from pipelines.handlers.routes import pipeline_routes
from registry.groups import group_routes
from registry.handlers import oai_routes, registry_routes
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
from server.services import Services
from tap.handlers.conesearch import cone_routes
from tap.handlers.datalink import link_routes
from tap.handlers.tap import tap_routes
from tap.handlers.tap_async import tap_async_routes
from tap.handlers.user_tables import table_routes, table_update_routes
from tap.hats.handlers import hats_routes
from tap.metadata.capabilities import REGISTRY_TAP
from vospace.handlers.routes import vospace_routes
from webui.api.openapi import api_document
from webui.api.routes import api_routes
from webui.compression import PageCompressionMiddleware
from webui.pages.errors import error_handlers
from webui.pages.rendering.templates import PageRenderer
from webui.pages.routes import page_routes
from webui.static_files import static_files

__all__ = ["create_app"]

#: Path of TAP for clients that send credentials only when the service always asks for them.
_SIGNED_IN_TAP = "/auth/tap"

#: Path prefixes of the VO services.
_VO = ("/tap/", "/auth/tap/", "/reg/tap/", "/vospace/", "/conesearch/", "/pipelines/", "/gms/")


def create_app(services: Services) -> FastAPI:
    """Create the FastAPI application of these services, which it closes when it shuts down."""
    settings, web = services.settings, services.web
    health = Health(checks_of(services))
    metrics = ServerMetrics(services, health)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        maintenance = threading.Thread(
            target=maintain, args=(services, stop, metrics.sample), name="maintenance", daemon=True
        )
        maintenance.start()
        yield
        stop.set()
        maintenance.join()
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
    app.openapi = partial(api_document, app)  # type: ignore[method-assign]  # as the documentation of FastAPI describes
    app.state.health = health
    availability = partial(present_availability, health.problems, utc_now())
    _include_routers(app, services, availability)
    add_routers(app, health_routes(health), metrics_routes(settings, metrics))
    for kind, handler in error_handlers(web).items():
        app.add_exception_handler(kind, handler)

    @app.get("/availability", include_in_schema=False)
    def answer_availability() -> Response:
        return Response(availability(), media_type="text/xml")

    app.mount("/static", static_files(), name="static")
    _add_middleware(app, settings, metrics)
    return app


def _include_routers(app: FastAPI, services: Services, availability: Callable[[], bytes]) -> None:
    settings, web, tap = services.settings, services.web, services.tap
    frame = PageRenderer(settings).frame
    authenticate = services.accounts.authenticate
    add_routers(
        app,
        api_routes(web),
        tap_routes(settings, authenticate, tap.service, frame, availability),
        tap_async_routes(settings, authenticate, tap.service, services.jobs, tap.results, tap.uploads),
        tap_routes(settings, authenticate.requiring_sign_in(), tap.service, frame, availability, _SIGNED_IN_TAP),
        tap_async_routes(
            settings,
            authenticate.requiring_sign_in(),
            tap.service,
            services.jobs,
            tap.results,
            tap.uploads,
            _SIGNED_IN_TAP,
        ),
        tap_routes(settings, authenticate, tap.service, frame, availability, REGISTRY_TAP),
        tap_async_routes(settings, authenticate, tap.service, services.jobs, tap.results, tap.uploads, REGISTRY_TAP),
        table_routes(settings, authenticate, tap.user_tables),
        table_update_routes(settings, authenticate, services.jobs),
        cone_routes(settings, authenticate, tap.conesearch),
        link_routes(settings, authenticate, tap.datalink, availability),
        hats_routes(authenticate, services.tap.hats),
        vospace_routes(services.vospace, authenticate, services.jobs, availability),
        pipeline_routes(settings, authenticate, services.jobs, services.pipelines.service, services.products.downloads),
        registry_routes(settings),
        oai_routes(settings, services.registry),
        group_routes(settings, authenticate),
        page_routes(web),
    )


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
