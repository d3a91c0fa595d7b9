"""The XML schemas of records and of OAI-PMH, from a folder of the operating system.

The Debian package python3-gavo (DaCHS) carries them; they are read from there and never over the network.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from core.errors import InvalidValueError

__all__ = ["SCHEMA_FOLDER", "harvest_schema"]

#: Where python3-gavo installs them.
SCHEMA_FOLDER = Path("/usr/lib/python3/dist-packages/gavo/resources/schemata")
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


#: Addresses that name the file of another version.
_SAME = {"stc-v1.30.xsd": "stc.xsd", "VOResource-v1.0.xsd": "VOResource.xsd"}


@lru_cache(maxsize=2)
def harvest_schema(folder: Path = SCHEMA_FOLDER) -> Any:  # lxml ships no types
    """Return one schema of OAI-PMH with all kinds of records; None when the folder does not exist.

    Raises
    ------
    InvalidValueError
        The folder does not have all schemas.
    """
    if not folder.is_dir():
        return None
    missing = [name for name in _FILES.values() if not (folder / name).is_file()]
    if missing:
        message = f"The folder {folder} has no {', '.join(missing)}; the one of python3-gavo has all schemas."
        raise InvalidValueError(message)
    root = etree.Element(f"{_XSD}schema")
    for namespace, name in _FILES.items():
        etree.SubElement(root, f"{_XSD}import", namespace=namespace, schemaLocation=f"local:{name}")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Resolver(folder))
    return etree.XMLSchema(etree.fromstring(etree.tostring(root), parser))


class _Resolver(etree.Resolver):  # type: ignore[misc]  # lxml ships no types
    """Reads each schema from the folder, and knows of each namespace one file, whatever address it is named by."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, url: str, _public_id: str, context: Any) -> Any:
        """Return the text of a schema, whose imports name files of the folder."""
        name = url.rpartition("local:")[2] if "local:" in url else _FILES.get(url, url.rpartition("/")[2])
        document = etree.fromstring((self._folder / _SAME.get(name, name)).read_bytes())
        for element in document.iter(f"{_XSD}import"):
            known = _FILES.get(element.get("namespace", ""))
            if known is not None:
                element.set("schemaLocation", f"local:{known}")
        return self.resolve_string(etree.tostring(document), context, base_url=url)
