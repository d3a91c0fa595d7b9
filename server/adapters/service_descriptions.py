"""Descriptions of the services of this server, for their records in the registry."""

from typing import TYPE_CHECKING

from core.settings import Settings

if TYPE_CHECKING:
    from registry.records.service_records import ServiceDescription

__all__ = ["service_descriptions"]


def service_descriptions(settings: Settings) -> "tuple[ServiceDescription, ...]":
    """Return the services that have records."""
    from registry.records.service_records import ServiceDescription
    from tap.metadata.capabilities import service_capabilities

    return (
        ServiceDescription(
            "tap",
            "TAP service",
            "PZ TAP",
            "Queries in ADQL of the tables of products, of their metadata (photoz), and of this registry (rr).",
            "/tap",
            lambda: service_capabilities(settings),
            type="vs:CatalogService",
        ),
    )
