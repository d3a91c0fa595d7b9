"""VOSI 1.1: what a service says about itself, its capabilities and its availability."""

from core.vosi.availability import availability_document
from core.vosi.capabilities import (
    BASIC_AUTH,
    COOKIE,
    PARAM_HTTP,
    TOKEN,
    Capability,
    Interface,
    capabilities_document,
)

__all__ = [
    "BASIC_AUTH",
    "COOKIE",
    "PARAM_HTTP",
    "TOKEN",
    "Capability",
    "Interface",
    "availability_document",
    "capabilities_document",
]
