"""Groups of routes that are constructed when a request first needs one of them, or in the background before."""

import re
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

__all__ = ["DeferredRoutes", "allowed_methods", "complete_routes"]

_PARAMETER = re.compile(r"\{[^{}]*\}")
_SELECTED = "photoz.deferred_route"
#: One group at a time is constructed: the modules that it imports have many in common with those of others.
_CONSTRUCTION = Lock()


class DeferredRoutes(BaseRoute):
    """Routes below some paths, which a function constructs, once, when a request is for one of the paths.

    The modules of handlers are large imports: a server would begin to answer a second later.

    Parameters
    ----------
    paths
        The paths: each stands for itself and for all that is below it; ``/`` stands for all paths.
    construct
        Returns routers with complete routes, which need no prefix, tags or dependencies of the application. It imports
        what it needs.
    """

    def __init__(self, paths: Iterable[str], construct: Callable[[], Iterable[APIRouter]]) -> None:
        self._paths = tuple(path.rstrip("/") for path in paths)
        self._construct = construct
        self._routes: tuple[BaseRoute, ...] | None = None

    @property
    def routes(self) -> tuple[BaseRoute, ...]:
        """The routes, which are constructed now unless they were before."""
        found = self._routes
        if found is None:
            with _CONSTRUCTION:
                found = self._routes
                if found is None:
                    # A list first: CPython fails when somebody holds a tuple that still grows (gc.get_objects does).
                    found = tuple([route for router in self._construct() for route in router.routes])
                    self._routes = found
        return found

    def is_for(self, path: str) -> bool:
        """Return whether a path is one of the paths or below one of them."""
        return any(path == known or path.startswith(f"{known}/") for known in self._paths)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return the first match of the routes; one of the path alone, with another method, if there is no other."""
        partial: tuple[Match, Scope] | None = None
        if scope["type"] == "http" and self.is_for(scope["path"].removeprefix(scope.get("root_path", ""))):
            for route in self.routes:
                match, child_scope = route.matches(scope)
                if match is Match.FULL:
                    return match, {**child_scope, _SELECTED: route}
                if match is Match.PARTIAL and partial is None:
                    partial = match, {**child_scope, _SELECTED: route}
        return partial or (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the route that matched."""
        route: BaseRoute = scope[_SELECTED]
        await route.handle(scope, receive, send)


def complete_routes(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Yield routes with those of groups in place of the groups, which are constructed."""
    for route in routes:
        if isinstance(route, DeferredRoutes):
            yield from route.routes
        else:
            yield route


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> frozenset[str]:
    """Return the methods of the resource at the path of a request, for ``Allow`` (RFC 9110 §10.2.1).

    The resource is that of the first route: ``/products/facets`` has not the methods of ``/products/{number}``.
    """
    found = list(_routes_at(routes, scope))
    return frozenset(
        method
        for route in found
        if _PARAMETER.sub("{}", route.path) == _PARAMETER.sub("{}", found[0].path)
        for method in route.methods or ()
    )


def _routes_at(routes: Iterable[BaseRoute], scope: Scope) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, DeferredRoutes):
            if route.is_for(scope["path"].removeprefix(scope.get("root_path", ""))):
                yield from _routes_at(route.routes, scope)
        elif isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            yield route
