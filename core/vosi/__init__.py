"""VOSI 1.1: capabilities and availability documents."""

from core.vosi.availability import availability_document, present_availability
from core.vosi.capabilities import (
    BASIC_AUTH,
    COOKIE,
    PARAM_HTTP,
    TOKEN,
    Capability,
    Interface,
    add_capability,
    capabilities_document,
)

__all__ = [
    "BASIC_AUTH",
    "COOKIE",
    "PARAM_HTTP",
    "TOKEN",
    "Capability",
    "Interface",
    "add_capability",
    "availability_document",
    "capabilities_document",
    "present_availability",
]
