"""The routes of the pages, put together."""

from fastapi import APIRouter

from core.web.routes import route_class
from webui.pages import (
    about,
    admin,
    admin_releases,
    admin_types,
    admin_users,
    deleted,
    docs,
    files,
    groups,
    home,
    oidc,
    pipelines,
    products,
    runs,
    shared,
    sharing,
    sign_in,
    tokens,
    wizard,
    wizard_files,
)
from webui.pages.errors import error_dress
from webui.pages.rendering import PageRenderer
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
