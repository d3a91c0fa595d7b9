"""The XML schemas of VOSI, VOResource, UWS and VOTable, as STILTS carries them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from lxml import etree

__all__ = ["schema", "votable_schema"]

_JAR = Path("/usr/share/java/starlink-ttools.jar")
_UTIL = Path("/usr/share/java/starlink-util.jar")
_FOLDER = "uk/ac/starlink/ttools/taplint/"
_FILES = {
    "http://www.ivoa.net/xml/VOResource/v1.0": "VOResource-v1.1.xsd",
    "http://www.ivoa.net/xml/VOResource/VOResource-v1.0.xsd": "VOResource-v1.1.xsd",
    "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService-v1.2.xsd",
    "http://www.ivoa.net/xml/STC/stc-v1.30.xsd": "stc-v1.30.xsd",
    "http://www.ivoa.net/xml/Xlink/xlink.xsd": "xlink.xsd",
    "http://www.w3.org/2001/xml.xsd": "xmlnamespace.xsd",
}
_PARTS = {
    "http://www.ivoa.net/xml/VOSICapabilities/v1.0": "VOSICapabilities-v1.0.xsd",
    "http://www.ivoa.net/xml/VOSITables/v1.0": "VOSITables-v1.1.xsd",
    "http://www.ivoa.net/xml/VOSIAvailability/v1.0": "VOSIAvailability-v1.0.xsd",
    "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService-v1.2.xsd",
    "http://www.ivoa.net/xml/TAPRegExt/v1.0": "TAPRegExt-v1.0-Erratum1.xsd",
    "http://www.ivoa.net/xml/UWS/v1.0": "UWS-v1.1.xsd",
}


def schema(more: Mapping[str, bytes | None] = MappingProxyType({})) -> etree.XMLSchema:
    """Give one schema of all the documents that VOSI and UWS know; skip when STILTS is not installed.

    Parameters
    ----------
    more
        Further schemas by their namespaces.
    """
    if not _JAR.exists():
        pytest.skip("STILTS, which carries the schemas, is not installed: apt-get install stilts")
    root = etree.Element("{http://www.w3.org/2001/XMLSchema}schema")
    for namespace, name in {**_PARTS, **{namespace: namespace for namespace in more}}.items():
        etree.SubElement(
            root, "{http://www.w3.org/2001/XMLSchema}import", namespace=namespace, schemaLocation=f"jar:{name}"
        )
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_JarResolver(more))
    return etree.XMLSchema(etree.fromstring(etree.tostring(root), parser))


def votable_schema() -> etree.XMLSchema:
    """Give the schema of VOTable 1.4, of which later versions are extensions; skip when STILTS is not installed."""
    if not _UTIL.exists():
        pytest.skip("STILTS, which carries the schemas, is not installed: apt-get install stilts")
    with zipfile.ZipFile(_UTIL) as jar:
        return etree.XMLSchema(etree.fromstring(jar.read("uk/ac/starlink/util/text/VOTable1.4.xsd")))


class _JarResolver(etree.Resolver):
    """Reads schemas out of the jar, whatever address they are named by."""

    def __init__(self, more: Mapping[str, bytes | None]) -> None:
        self._more = more

    def resolve(self, url, public_id, context):
        name = _FILES.get(url) or url.rpartition("jar:")[2]
        if name in self._more:
            return self.resolve_string(self._more[name], context, base_url=url)
        with zipfile.ZipFile(_JAR) as jar:
            return self.resolve_string(jar.read(_FOLDER + name), context, base_url=url)
