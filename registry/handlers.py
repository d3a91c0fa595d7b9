"""HTTP endpoints through which clients look up the services of this server."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from core.settings import Settings

__all__ = ["registry_routes"]

_SERVICES = ("tap", "vospace")


def registry_routes(settings: Settings) -> APIRouter:
    """Return the routes of the registry.

    ``/reg/resource-caps`` maps the identifiers of services to their capabilities, one a line, for CADC's clients
    (``vos``, ``cadc-tap``).
    """
    router = APIRouter()
    lines = "".join(
        f"ivo://{settings.authority}/{name} = {settings.public_url}/{name}/capabilities\n" for name in _SERVICES
    )

    @router.get("/reg/resource-caps", include_in_schema=False)
    def resource_caps() -> PlainTextResponse:
        return PlainTextResponse(lines)

    return router
