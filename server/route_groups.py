"""The routes of the web application, in groups by path that are constructed when they are first needed.

The modules of handlers are imported then, too: most of them are large imports, and a server answers before them.
"""

import threading
from collections.abc import Callable, Iterable, Iterator

from fastapi import APIRouter

from core.auth.dependencies import Authenticator
from core.web.deferred_routes import DeferredRoutes
from server.services import Services
from tap.metadata.capabilities import REGISTRY_TAP

__all__ = ["prepare_routes", "route_groups"]

#: Path of TAP for clients that send credentials only when the service always asks for them.
_SIGNED_IN_TAP = "/auth/tap"


def route_groups(services: Services, availability: Callable[[], bytes]) -> list[DeferredRoutes]:
    """Return the groups of routes of these services; the pages, which have all other paths, are the last.

    Parameters
    ----------
    availability
        Writes the availability document.
    """
    groups = _Groups(services, availability)
    return [
        DeferredRoutes(("/api", "/which_environment"), groups.api),
        DeferredRoutes(("/tap",), groups.tap),
        DeferredRoutes((_SIGNED_IN_TAP,), groups.signed_in_tap),
        DeferredRoutes((REGISTRY_TAP,), groups.registry_tap),
        DeferredRoutes(("/conesearch", "/datalink", "/hats"), groups.table_protocols),
        DeferredRoutes(("/vospace",), groups.vospace),
        DeferredRoutes(("/pipelines",), groups.pipelines),
        DeferredRoutes(("/reg", "/oai", "/gms"), groups.registry),
        DeferredRoutes(("/",), groups.pages),
    ]


def prepare_routes(groups: Iterable[DeferredRoutes], stop: threading.Event) -> None:
    """Construct groups of routes, those of pages first, until all are there or ``stop`` is set."""
    for group in sorted(groups, key=lambda group: not group.is_for("/")):
        if stop.is_set():
            return
        _ = group.routes


class _Groups:
    """Functions that construct the routes of a group."""

    def __init__(self, services: Services, availability: Callable[[], bytes]) -> None:
        self._services = services
        self._availability = availability

    def api(self) -> Iterator[APIRouter]:
        """Construct the routes of the REST API."""
        from webui.api.routes import api_routes

        yield api_routes(self._services.web)

    def tap(self) -> Iterator[APIRouter]:
        """Construct the routes of TAP, and those of user tables beside them."""
        from tap.handlers.user_tables import table_routes, table_update_routes

        settings, authenticate = self._services.settings, self._services.accounts.authenticate
        yield from self._tap_at("/tap", authenticate)
        yield table_routes(settings, authenticate, self._services.tap.user_tables)
        yield table_update_routes(settings, authenticate, self._services.jobs)

    def signed_in_tap(self) -> Iterator[APIRouter]:
        """Construct the routes of TAP for clients that send credentials only when they are always asked for them."""
        return self._tap_at(_SIGNED_IN_TAP, self._services.accounts.authenticate.requiring_sign_in())

    def registry_tap(self) -> Iterator[APIRouter]:
        """Construct the routes of TAP on the tables of the registry."""
        return self._tap_at(REGISTRY_TAP, self._services.accounts.authenticate)

    def table_protocols(self) -> Iterator[APIRouter]:
        """Construct the routes of cone search, DataLink and HATS."""
        from tap.handlers.conesearch import cone_routes
        from tap.handlers.datalink import link_routes
        from tap.hats.handlers import hats_routes

        settings, authenticate, tap = self._services.settings, self._services.accounts.authenticate, self._services.tap
        yield cone_routes(settings, authenticate, tap.conesearch)
        yield link_routes(settings, authenticate, tap.datalink, self._availability)
        yield hats_routes(authenticate, tap.hats)

    def vospace(self) -> Iterator[APIRouter]:
        """Construct the routes of VOSpace."""
        from vospace.handlers.routes import vospace_routes

        services = self._services
        yield vospace_routes(services.vospace, services.accounts.authenticate, services.jobs, self._availability)

    def pipelines(self) -> Iterator[APIRouter]:
        """Construct the job lists of the pipelines."""
        from pipelines.handlers.routes import pipeline_routes

        services = self._services
        downloads, authenticate = services.products.downloads, services.accounts.authenticate
        yield pipeline_routes(services.settings, authenticate, services.jobs, services.pipelines.service, downloads)

    def registry(self) -> Iterator[APIRouter]:
        """Construct the routes of the registry and of groups."""
        from registry.groups import group_routes
        from registry.handlers import oai_routes, registry_routes

        yield registry_routes(self._services.settings)
        yield oai_routes(self._services.settings, self._services.registry)
        yield group_routes(self._services.settings, self._services.accounts.authenticate)

    def pages(self) -> Iterator[APIRouter]:
        """Construct the routes of the pages."""
        from webui.pages.routes import page_routes

        yield page_routes(self._services.web)

    def _tap_at(self, path: str, authenticate: Authenticator) -> Iterator[APIRouter]:
        from tap.handlers.tap import tap_routes
        from tap.handlers.tap_async import tap_async_routes
        from webui.pages.rendering.templates import PageRenderer

        services, tap = self._services, self._services.tap
        settings, frame = services.settings, PageRenderer(services.settings).frame
        yield tap_routes(settings, authenticate, tap.service, frame, self._availability, path)
        yield tap_async_routes(settings, authenticate, tap.service, services.jobs, tap.results, tap.uploads, path)
