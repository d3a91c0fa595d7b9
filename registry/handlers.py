"""What clients ask to find the services of this server."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from core.settings import Settings

__all__ = ["registry_routes"]

_SERVICES = ("tap", "vospace")


def registry_routes(settings: Settings) -> APIRouter:
    """Routes of the registry.

    ``/reg/resource-caps`` is where CADC's clients (``vos``, ``cadc-tap``) look up the capabilities of a service by its
    identifier, one line each.
    """
    router = APIRouter()
    lines = "".join(
        f"ivo://{settings.authority}/{name} = {settings.public_url}/{name}/capabilities\n" for name in _SERVICES
    )

    @router.get("/reg/resource-caps", include_in_schema=False)
    def resource_caps() -> PlainTextResponse:
        return PlainTextResponse(lines)

    return router
