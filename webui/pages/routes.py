"""The routes of the pages, put together."""

from fastapi import APIRouter

from core.web.routes import route_class
from webui.pages import about
from webui.pages import api_reference as docs
from webui.pages import home_files as files
from webui.pages.account import groups, oidc, sign_in, tokens
from webui.pages.admin import overview as admin
from webui.pages.admin import product_types as admin_types
from webui.pages.admin import releases as admin_releases
from webui.pages.admin import users as admin_users
from webui.pages.errors import error_dress
from webui.pages.pipelines import pipelines
from webui.pages.pipelines import run as runs
from webui.pages.products import deleted, sharing
from webui.pages.products import product as products
from webui.pages.products import search as home
from webui.pages.products import shared_link as shared
from webui.pages.rendering.templates import PageRenderer
from webui.pages.wizard import columns as wizard_columns
from webui.pages.wizard import description as wizard
from webui.pages.wizard import files as wizard_files
from webui.pages.wizard import review as wizard_review
from webui.services import WebServices

__all__ = ["page_routes"]


def page_routes(services: WebServices) -> APIRouter:
    """Put the pages together."""
    renderer = PageRenderer(services.settings)
    dressed = route_class(error_dress(services, renderer))
    router = APIRouter(route_class=dressed)
    parts = (
        home, sign_in, oidc, wizard, wizard_files, wizard_columns, wizard_review,
        products, sharing, groups, deleted, shared, pipelines, runs,
        files, tokens, admin, admin_users, admin_releases, admin_types, about, docs,
    )  # fmt: skip
    for part in parts:
        # Each part adds to this one router, so that all share its dress of errors.
        part.add_routes(router, services, renderer)
    return router
