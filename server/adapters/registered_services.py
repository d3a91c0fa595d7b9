"""The services of this server that have records in its registry."""

from collections.abc import Iterator, Mapping, Sequence

from core.settings import Settings
from core.vosi import BASIC_AUTH, Capability, Interface
from pipelines.models import AnyPipeline
from registry.group_capabilities import GROUPS, group_capabilities
from registry.publisher import TAP
from registry.records.service_records import ServiceDescription
from tap.metadata.capabilities import tap_service
from vospace.documents.capabilities import vospace_capabilities

__all__ = ["registered_services"]

_UWS = "ivo://ivoa.net/std/UWS#async-1.1"


def registered_services(settings: Settings, pipelines: Mapping[str, AnyPipeline]) -> Sequence[ServiceDescription]:
    """Return TAP, VOSpace, the pipelines and the service of groups."""
    url = settings.public_url
    return (
        ServiceDescription(
            GROUPS,
            "Group Membership Service",
            "PZ groups",
            "The groups of the user who asks, by which files and products are shared.",
            "/help",
            lambda: group_capabilities(f"{url}/{GROUPS}"),
        ),
        ServiceDescription(
            TAP,
            "TAP service",
            "PZ TAP",
            "Queries in ADQL of the tables of all products that the caller may read, and of the caller's own tables.",
            "/query",
            lambda: tap_service(settings),
            type="vs:CatalogService",
        ),
        ServiceDescription(
            "vospace",
            "VOSpace",
            "PZ VOSpace",
            "Files of products, and folders in which users keep files of their own.",
            "/help",
            lambda: vospace_capabilities(f"{url}/vospace"),
        ),
        ServiceDescription(
            "pipelines",
            "pipelines",
            "PZ pipelines",
            "Pipelines that run as jobs of UWS: " + ", ".join(item.display_name for item in pipelines.values()) + ".",
            "/pipelines",
            lambda: tuple(_job_lists(url, pipelines)),
        ),
    )


def _job_lists(url: str, pipelines: Mapping[str, AnyPipeline]) -> Iterator[Capability]:
    for name, pipeline in pipelines.items():
        interface = Interface(f"{url}/pipelines/{name}", "base", role="std", version="1.1", security=(BASIC_AUTH,))
        yield Capability(_UWS, (interface,), description=pipeline.display_name)
