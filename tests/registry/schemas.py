"""The XML schemas of records and of OAI-PMH, as the Debian package python3-gavo (DaCHS) carries them."""

import pytest
from lxml import etree

from registry.validation.schemas import harvest_schema as found_schema

__all__ = ["harvest_schema"]


def harvest_schema() -> etree.XMLSchema:
    """Give one schema of OAI-PMH with all kinds of records; skip when python3-gavo is not installed."""
    schema = found_schema()
    if schema is None:
        pytest.skip("python3-gavo, which carries the schemas, is not installed: apt-get install python3-gavo")
    return schema
