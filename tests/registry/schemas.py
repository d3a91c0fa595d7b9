"""The XML schemas of records and of OAI-PMH, as the Debian package python3-gavo (DaCHS) carries them."""

from functools import lru_cache
from pathlib import Path

import pytest
from lxml import etree

__all__ = ["harvest_schema"]

_FOLDER = Path("/usr/lib/python3/dist-packages/gavo/resources/schemata")
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_FILES = {
    "http://www.openarchives.org/OAI/2.0/": "OAI-PMH.xsd",
    "http://www.openarchives.org/OAI/2.0/oai_dc/": "oai_dc.xsd",
    "http://purl.org/dc/elements/1.1/": "simpledc20021212.xsd",
    "http://www.ivoa.net/xml/RegistryInterface/v1.0": "RegistryInterface.xsd",
    "http://www.ivoa.net/xml/VOResource/v1.0": "VOResource.xsd",
    "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService.xsd",
    "http://www.ivoa.net/xml/VORegistry/v1.0": "VORegistry.xsd",
    "http://www.ivoa.net/xml/TAPRegExt/v1.0": "TAPRegExt.xsd",
    "http://www.ivoa.net/xml/ConeSearch/v1.0": "ConeSearch.xsd",
    "http://www.ivoa.net/xml/STC/stc-v1.30.xsd": "stc.xsd",
    "http://www.w3.org/1999/xlink": "xlink.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
    "http://www.ivoa.net/xml/VOSICapabilities/v1.0": "VOSICapabilities.xsd",
}


@lru_cache(maxsize=1)
def harvest_schema() -> etree.XMLSchema:
    """Give one schema of OAI-PMH with all kinds of records; skip when python3-gavo is not installed."""
    if not _FOLDER.is_dir():
        pytest.skip("python3-gavo, which carries the schemas, is not installed: apt-get install python3-gavo")
    root = etree.Element(f"{_XSD}schema")
    for namespace, name in _FILES.items():
        etree.SubElement(root, f"{_XSD}import", namespace=namespace, schemaLocation=f"local:{name}")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Resolver())
    return etree.XMLSchema(etree.fromstring(etree.tostring(root), parser))


class _Resolver(etree.Resolver):
    """Reads each schema from the folder, and knows of each namespace one file, whatever address it is named by."""

    def resolve(self, url, public_id, context):
        name = url.rpartition("local:")[2] if "local:" in url else _FILES.get(url, url.rpartition("/")[2])
        name = {"stc-v1.30.xsd": "stc.xsd", "VOResource-v1.0.xsd": "VOResource.xsd"}.get(name, name)
        text = (_FOLDER / name).read_bytes()
        document = etree.fromstring(text)
        for element in document.iter(f"{_XSD}import"):
            if element.get("namespace") in _FILES:
                element.set("schemaLocation", f"local:{_FILES[element.get('namespace')]}")
        return self.resolve_string(etree.tostring(document), context, base_url=url)
