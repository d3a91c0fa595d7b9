"""REST: addresses that clients of today's Photo-z Server ask for and that have no counterpart here yet.

There are no pipelines, so their lists are empty and nothing in them is found.
"""

from fastapi import APIRouter, Depends

from core.auth.models import Identity, Scope
from core.errors import NotFoundError
from webui.api.errors import api_route
from webui.api.shapes import Json
from webui.services import WebServices

__all__ = ["outer_routes", "routes"]


def routes(services: WebServices) -> APIRouter:
    """Routes of pipelines and their processes."""
    router = APIRouter(route_class=api_route(), tags=["pipelines"])
    authenticate = services.authenticate

    @router.get("/pipelines", summary="Pipelines that can be run")
    @router.get("/processes", summary="Runs of pipelines", operation_id="list_processes")
    def nothing(identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        return {"count": 0, "results": []}

    @router.get("/pipelines/{number}", summary="One pipeline")
    @router.get("/processes/{number}", summary="One run of a pipeline", operation_id="one_process")
    def one(number: int, identity: Identity = Depends(authenticate)) -> Json:
        identity.require(Scope.READ)
        message = f"There is no pipeline, and no run of one, with the number {number}."
        raise NotFoundError(message)

    return router


def outer_routes(services: WebServices) -> APIRouter:
    """Routes beside ``/api``."""
    router = APIRouter(tags=["server"])
    environment = {"enviroment_name": services.settings.site_name, "is_dev": False}  # so spelt on the wire

    @router.get("/which_environment", summary="Name of this server")
    @router.get("/which_environment/", include_in_schema=False)
    def which_environment() -> Json:
        return environment

    return router
