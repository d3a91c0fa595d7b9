"""Metadata formats of harvests (OAI-PMH 2.0 §3.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from registry.documents.datacite import DATACITE_OAI, datacite_element
from registry.documents.dublin_core import dublin_core_element
from registry.documents.namespaces import OAI_DC, RI
from registry.documents.voresource import resource_element
from registry.models import ResourceRecord

__all__ = ["METADATA_FORMATS", "MetadataFormat"]


@dataclass(frozen=True, slots=True)
class MetadataFormat:
    """A metadata format.

    Parameters
    ----------
    write
        Returns the lxml element of a record.
    products_only
        Whether only records of products have the format.
    """

    prefix: str
    schema: str
    namespace: str
    write: Callable[[ResourceRecord], Any]  # lxml ships no types
    products_only: bool = False

    def describes(self, record: ResourceRecord | None) -> bool:
        """Return whether a record has the format; deleted records have all."""
        return record is None or record.product is not None or not self.products_only


_FORMATS = (
    MetadataFormat("ivo_vor", "http://www.ivoa.net/xml/RegistryInterface/v1.0", RI, resource_element),
    MetadataFormat("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", OAI_DC, dublin_core_element),
    MetadataFormat(
        "oai_datacite",
        "http://schema.datacite.org/oai/oai-1.1/oai.xsd",
        DATACITE_OAI,
        datacite_element,
        products_only=True,
    ),
)

#: The formats by their prefixes.
METADATA_FORMATS: Mapping[str, MetadataFormat] = MappingProxyType({item.prefix: item for item in _FORMATS})
