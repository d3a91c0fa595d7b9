"""Router of the pages."""

from fastapi import APIRouter

from core.web.routes import route_class
from webui.pages import about, api_reference, file_moves, home_files
from webui.pages.account import account, groups, oidc, sign_in, tokens
from webui.pages.admin import overview, product_types, releases, users
from webui.pages.errors import render_error
from webui.pages.jobs import jobs
from webui.pages.pipelines import comparison, pipelines, run
from webui.pages.products import deleted, densities, lineage, product, search, shared_link, sharing
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard import columns, description, files, review
from webui.services import WebServices

__all__ = ["page_routes"]


def page_routes(services: WebServices) -> APIRouter:
    """Return the router of all pages."""
    renderer = PageRenderer(services.settings)
    router = APIRouter(route_class=route_class(render_error(services, renderer)), include_in_schema=False)
    # The order counts: /product/new stands before /product/{name}.
    parts = (
        search, sign_in, oidc, description, files, columns, review,
        product, lineage, densities, sharing, groups, deleted, shared_link, pipelines, comparison, run, jobs,
        home_files, file_moves, account, tokens, overview, users, releases, product_types, about, api_reference,
    )  # fmt: skip
    for part in parts:
        # All add their routes to one router, which renders their errors as pages.
        part.add_routes(router, services, renderer)
    return router
