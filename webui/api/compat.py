"""REST resource that today's Photo-z Server has outside of ``/api``."""

from fastapi import APIRouter

from core.web.lazy_routes import LazyRoute
from webui.api.representations.products import Json
from webui.services import WebServices

__all__ = ["outer_routes"]


def outer_routes(services: WebServices) -> APIRouter:
    """Return the routes outside of ``/api``."""
    router = APIRouter(route_class=LazyRoute, tags=["server"])
    environment = {"enviroment_name": services.settings.site_name, "is_dev": False}  # so spelt on the wire

    @router.get("/which_environment", summary="Name of this server")
    @router.get("/which_environment/", include_in_schema=False)
    def which_environment() -> Json:
        return environment

    return router
