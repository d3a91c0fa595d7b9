from datetime import UTC, datetime

import pytest
from lxml import etree
from pyvo.io.vosi import parse_availability, parse_capabilities

from core.vosi import BASIC_AUTH, Capability, Interface, availability_document, capabilities_document
from tests.core.vosi.schemas import schema


@pytest.fixture(scope="module")
def vosi_schema():
    return schema()


def a_tap_service():
    dot = etree.Element("language")
    for name, text in (("name", "ADQL"), ("version", "2.1"), ("description", "ADQL & more")):
        etree.SubElement(dot, name).text = text
    format_ = etree.Element("outputFormat")
    etree.SubElement(format_, "mime").text = "text/csv"
    tap = Capability(
        "ivo://ivoa.net/std/TAP",
        (Interface("http://h/tap", "base", role="std", version="1.1", security=(None, BASIC_AUTH)),),
        type="tr:TableAccess",
        extension=(dot, format_),
    )
    return [tap, Capability("ivo://ivoa.net/std/VOSI#capabilities", (Interface("http://h/tap/capabilities"),))]


def test_capabilities_follow_the_schema(vosi_schema):
    vosi_schema.assertValid(etree.fromstring(capabilities_document(a_tap_service())))


def test_pyvo_reads_interfaces_security_and_languages(tmp_path):
    path = tmp_path / "capabilities.xml"
    path.write_bytes(capabilities_document(a_tap_service()))

    tap, own = parse_capabilities(str(path))

    assert (tap.standardid, own.standardid) == ("ivo://ivoa.net/std/TAP", "ivo://ivoa.net/std/VOSI#capabilities")
    assert tap.interfaces[0].accessurls[0].content == "http://h/tap"
    methods = [[method.standardid for method in each.securitymethods] for each in tap.interfaces]
    assert methods == [[], [BASIC_AUTH]]  # one interface for each, VOResource 1.1 with Erratum 1
    assert [each.role for each in tap.interfaces] == ["std", None]
    assert [language.name for language in tap.languages] == ["ADQL"]


def test_capabilities_children_are_unqualified_and_prefixes_stand_on_the_root():
    root = etree.fromstring(capabilities_document(a_tap_service()))

    assert [child.tag for child in root] == ["capability", "capability"]
    assert {"vosi", "vs", "tr", "xsi"} <= set(root.nsmap)


def test_availability_follows_the_schema_and_says_since_when_in_utc(vosi_schema, tmp_path):
    xml = availability_document(True, datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC), "all < well")
    vosi_schema.assertValid(etree.fromstring(xml))
    path = tmp_path / "availability.xml"
    path.write_bytes(xml)

    availability = parse_availability(str(path))

    assert availability.available
    assert availability.upsince == "2026-11-23T04:05:06.000Z"
    assert list(availability.notes) == ["all < well"]


def test_a_service_that_is_down_says_so(vosi_schema):
    xml = availability_document(False, datetime(2026, 11, 23, tzinfo=UTC), "the database does not answer")
    root = etree.fromstring(xml)
    vosi_schema.assertValid(root)

    assert root.findtext("{*}available") == "false"
    assert root.find("{*}upSince") is None
