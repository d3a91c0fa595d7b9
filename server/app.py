"""The web application: every service under its address, and what runs beside them."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles

import webui
from core.database import utc_now
from core.vosi import availability_document
from pipelines.handlers import pipeline_routes
from registry.handlers import registry_routes
from server.challenges import ChallengeMiddleware
from server.middleware import HeadersMiddleware, OpenReadingMiddleware, PathMiddleware
from server.services import Services
from server.table_sources import query_uploads
from server.user_tables import sweep_tables, table_catalog, table_loader, upload_store, user_tables
from server.web import web_services
from server.worker import result_files
from tap.cone_handlers import cone_routes
from tap.conesearch import ConeSearch
from tap.engine import DuckDBEngine
from tap.handlers import tap_routes
from tap.handlers_async import tap_async_routes
from tap.link_handlers import link_routes
from tap.links import LinkService
from tap.service import TapService
from tap.table_changes import TableChanges
from tap.table_handlers import table_routes
from tap.table_updates import table_update_routes
from vospace.handlers import vospace_routes
from webui.api.documentation import api_document
from webui.api.routes import api_routes
from webui.pages.errors import error_handlers
from webui.pages.routes import page_routes

__all__ = ["create_app"]

_log = logging.getLogger(__name__)

_SWEEP_SECONDS = 10.0
_HOUSEKEEPING_ROUNDS = 60

#: How the paths of the services of the Virtual Observatory begin.
_VO = ("/tap/", "/vospace/", "/conesearch/", "/pipelines/")


def create_app(services: Services) -> FastAPI:
    """Put the application together from its services, whose queue runs already; its end closes them."""
    settings = services.settings
    engine = DuckDBEngine(
        workers=settings.query_workers, waiting=settings.query_waiting, temp_folder=settings.data / "scratch"
    )
    catalog = table_catalog(settings, services.database)
    uploads = query_uploads(settings, services.database)
    tap = TapService(settings, catalog, engine, uploads)
    links = LinkService(
        services.products, services.provenance, authority=settings.authority, public_url=settings.public_url
    )
    tables = TableChanges(
        settings,
        user_tables(settings, services.database),
        table_loader(settings, services.database),
        services.jobs,
        upload_store(settings),
        catalog.tables_of,
    )
    web = web_services(services)
    authenticate = web.authenticate

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        sweeper = threading.Thread(target=_sweep, args=(services, stop), name="sweep", daemon=True)
        sweeper.start()
        yield
        stop.set()
        sweeper.join()
        engine.close()
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
    app.openapi = partial(api_document, app)  # type: ignore[method-assign]  # as FastAPI says that it is to be done
    app.include_router(api_routes(web))
    app.include_router(tap_routes(settings, authenticate, tap))
    app.include_router(tap_async_routes(settings, authenticate, tap, services.jobs, result_files(settings), uploads))
    app.include_router(table_routes(settings, authenticate, tables))
    app.include_router(table_update_routes(settings, authenticate, services.jobs))
    app.include_router(cone_routes(settings, authenticate, ConeSearch(settings, catalog, engine)))
    app.include_router(link_routes(settings, authenticate, links))
    app.include_router(vospace_routes(services.space, authenticate, services.jobs))
    app.include_router(pipeline_routes(settings, authenticate, services.jobs, services.pipelines, services.downloads))
    app.include_router(registry_routes(settings))
    app.include_router(page_routes(web), include_in_schema=False)
    for kind, handler in error_handlers(web).items():
        app.add_exception_handler(kind, handler)
    started = utc_now()

    @app.get("/availability", include_in_schema=False)
    def availability() -> Response:
        return Response(availability_document(available=True, since=started), media_type="text/xml")

    app.mount("/static", StaticFiles(directory=Path(webui.__file__).parent / "static"), name="static")
    app.add_middleware(
        HeadersMiddleware,
        headers=(
            ("server", f"photoz-server/{version('photoz-server')}"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            # What somebody may read is theirs alone; browsers ask each time whether it still holds.
            ("cache-control", "private, no-cache"),
        ),
    )
    app.add_middleware(
        OpenReadingMiddleware, prefixes=("/tap", "/vospace/", "/conesearch/", "/datalink", "/availability")
    )
    app.add_middleware(ChallengeMiddleware, prefixes=_VO, sign_in_url=f"{settings.public_url}/api/sign-in")
    app.add_middleware(PathMiddleware)
    return app


def _sweep(services: Services, stop: threading.Event) -> None:
    """Look after jobs every few seconds, and after files now and then, until told to stop."""
    rounds = 0
    while not stop.wait(_SWEEP_SECONDS if rounds else 0):
        try:
            services.jobs.sweep()
            services.pipelines.settle()
            for product_id, job_id, owner in services.housekeeping.running_inspections():
                services.inspections.settle(product_id, job_id, owner, services.housekeeping.fail_inspection)
            if rounds % _HOUSEKEEPING_ROUNDS == 0:
                services.housekeeping.sweep()
                sweep_tables(services.settings, services.database)
        except Exception:  # noqa: BLE001 - the sweep must go on whatever one round meets; the traceback is in the log
            _log.exception("sweep failed")
        rounds += 1
