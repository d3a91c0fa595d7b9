"""Router of the pages."""

from fastapi import APIRouter

from core.web.routes import route_class
from webui.pages import about, api_reference, landing, library, moved
from webui.pages.account import account, groups, oidc, sign_in, tokens
from webui.pages.admin import catalogues, overview, product_types, registry, releases, users
from webui.pages.challenges import challenges, management
from webui.pages.challenges import submissions as challenge_submissions
from webui.pages.errors import render_error
from webui.pages.explorer import columns as explored_columns
from webui.pages.explorer import plots as explored_plots
from webui.pages.explorer import single_row
from webui.pages.explorer import tables as explored_tables
from webui.pages.files import listing as own_files
from webui.pages.files import moves as own_file_moves
from webui.pages.files import uploads as own_file_uploads
from webui.pages.help import curated
from webui.pages.help import pages as help_pages
from webui.pages.jobs import jobs
from webui.pages.pipelines import comparison, pipelines, run
from webui.pages.products import deleted, densities, lineage, product, search, shared_link, sharing, sky
from webui.pages.query import routes as query
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard import columns, description, descriptions, files, review
from webui.services import WebServices

__all__ = ["page_routes"]


def page_routes(services: WebServices) -> APIRouter:
    """Return the router of all pages."""
    renderer = PageRenderer(services.settings)
    router = APIRouter(route_class=route_class(render_error(services, renderer)), include_in_schema=False)
    # The order counts: /product/new stands before /product/{name}, /challenges/new before /challenges/{name}.
    parts = (
        landing, search, sign_in, oidc, description, files, columns, descriptions, review,
        product, lineage, densities, sky, sharing, groups, deleted, shared_link,
        pipelines, comparison, run, jobs, management, challenges, challenge_submissions,
        explored_tables, explored_columns, explored_plots, single_row,
        query, own_files, own_file_moves, own_file_uploads, account, tokens, overview, users, releases, product_types,
        registry, catalogues,
        about, library, api_reference, help_pages, curated, moved,
    )  # fmt: skip
    for part in parts:
        # All add their routes to one router, which renders their errors as pages.
        part.add_routes(router, services, renderer)
    return router
