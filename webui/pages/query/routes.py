"""Routes of the query page and of what belongs to it."""

from fastapi import APIRouter

from webui.pages.query import forms, jobs, page, sending, tables
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add all of them."""
    for part in (page, forms, jobs, sending, tables):
        part.add_routes(router, services, renderer)
