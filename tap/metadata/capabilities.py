"""Capabilities document of the TAP service (TAPRegExt 1.0, VOSI 1.1)."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from lxml import etree

from core.settings import Settings
from core.vosi import BASIC_AUTH, COOKIE, Capability, Interface, capabilities_document
from tap.adql import LANGUAGE_FEATURES, REGISTRY_FEATURES, LanguageFeature
from tap.adql.limits import MAX_NESTING, MAX_QUERY_BYTES, MAX_TOKENS
from tap.metadata.registry_columns import REGISTRY_MODEL
from tap.results import RESULT_FORMATS

__all__ = ["REGISTRY_TAP", "tap_capabilities", "tap_service"]

#: Path of the same service for clients of registries: its capabilities have what these look for beyond the standards.
REGISTRY_TAP = "/reg/tap"

_Element = Any  # lxml ships no types

_TAP = "ivo://ivoa.net/std/TAP"
_DAY = 24 * 3600
_SECURITY = (None, BASIC_AUTH, COOKIE)
_UPLOAD_METHODS = tuple(f"ivo://ivoa.net/std/TAPRegExt#upload-{method}" for method in ("inline", "http", "https"))
_VERSIONS = (("2.1", "ivo://ivoa.net/std/ADQL#v2.1"), ("2.0", "ivo://ivoa.net/std/ADQL#v2.0"))


def tap_capabilities(settings: Settings, path: str = "/tap") -> bytes:
    """Return the capabilities document of the TAP service at a path of this server."""
    return capabilities_document(tap_service(settings, path))


def tap_service(settings: Settings, path: str = "/tap") -> tuple[Capability, ...]:
    """Return the capabilities of the TAP service at a path of this server."""
    base, own = f"{settings.public_url}{path}", f"{settings.public_url}/tap"
    return (
        Capability(
            _TAP,
            (Interface(base, use="base", role="std", version="1.1", security=_SECURITY),),
            type="tr:TableAccess",
            extension=tuple(_extension(settings, path)),
        ),
        Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface(f"{base}/capabilities"),)),
        Capability("ivo://ivoa.net/std/VOSI#availability", (Interface(f"{base}/availability"),)),
        Capability("ivo://ivoa.net/std/DALI#examples", (Interface(f"{base}/examples", security=_SECURITY),)),
        Capability("ivo://ivoa.net/std/VOSI#tables-1.1", (Interface(f"{base}/tables", security=_SECURITY),)),
        *(
            # Standard IDs of CADC, by which its clients find where user tables are loaded and shared.
            Capability(f"ivo://ivoa.net/std/VOSI#{standard}-1.x", (Interface(f"{own}/{name}", security=_SECURITY),))
            for standard, name in (
                ("table-load-sync", "load"),
                ("table-update-async", "table-update"),
                ("table-permissions", "permissions"),
            )
        ),
    )


def _extension(settings: Settings, path: str) -> Iterable[_Element]:
    model = etree.Element("dataModel", {"ivo-id": REGISTRY_MODEL})
    model.text = "Registry 1.1"
    yield model
    yield _language((*LANGUAGE_FEATURES, *(REGISTRY_FEATURES if path == REGISTRY_TAP else ())))
    for known in RESULT_FORMATS.values():
        yield _output_format(known.content_type, known.names, known.ivo_id)
    for method in _UPLOAD_METHODS:
        yield etree.Element("uploadMethod", {"ivo-id": method})
    # Both limits are those of asynchronous queries; TAPRegExt 1.0 has none for synchronous ones.
    yield _limit("retentionPeriod", settings.job_days * _DAY, settings.job_days_limit * _DAY, unit=None)
    yield _limit("executionDuration", settings.query_async_seconds, settings.job_seconds_limit, unit=None)
    yield _limit("outputLimit", settings.maxrec_default, settings.maxrec_limit, unit="row")
    limit = settings.max_table_upload_bytes
    yield _limit("uploadLimit", limit, limit, unit="byte")


def _language(features: Iterable[LanguageFeature]) -> _Element:
    language = etree.Element("language")
    etree.SubElement(language, "name").text = "ADQL"
    for version, ivo_id in _VERSIONS:
        etree.SubElement(language, "version", {"ivo-id": ivo_id}).text = version
    etree.SubElement(language, "description").text = (
        # TAPRegExt 1.0 has no element for the size of a query.
        f"Astronomical Data Query Language. A query has at most {MAX_QUERY_BYTES} bytes, {MAX_TOKENS} words, numbers "
        f"and signs, and {MAX_NESTING} levels of parentheses."
    )
    for kind, of_kind in groupby(features, key=lambda feature: feature.type):
        group = etree.SubElement(language, "languageFeatures", {"type": kind})
        for feature in of_kind:
            item = etree.SubElement(group, "feature")
            etree.SubElement(item, "form").text = feature.form
            if feature.description:
                etree.SubElement(item, "description").text = feature.description
    return language


def _output_format(media_type: str, names: Iterable[str], ivo_id: str | None) -> _Element:
    element = etree.Element("outputFormat", {"ivo-id": ivo_id} if ivo_id else {})
    etree.SubElement(element, "mime").text = media_type
    for name in names:
        etree.SubElement(element, "alias").text = name
    return element


def _limit(name: str, default: int, hard: int, *, unit: str | None) -> _Element:
    attributes = {"unit": unit} if unit else {}
    element = etree.Element(name)
    etree.SubElement(element, "default", attributes).text = str(default)
    etree.SubElement(element, "hard", attributes).text = str(hard)
    return element
