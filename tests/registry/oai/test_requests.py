"""Requests of OAI-PMH: the verbs, and the eight errors as a harvester of others understands them."""

import pytest
from lxml import etree
from sickle import oaiexceptions

from tests.registry.conftest import Catalogue, LocalSickle

_NAMES = {"oai": "http://www.openarchives.org/OAI/2.0/"}


def test_identify_names_the_registry(sickle: LocalSickle, catalogue: Catalogue):
    catalogue.publish()
    found = sickle.Identify()
    assert found.repositoryName == "Photo-z Server"
    assert found.baseURL == "https://pz.example.org/oai"
    assert found.adminEmail == "desk@example.org"
    assert (found.deletedRecord, found.granularity) == ("persistent", "YYYY-MM-DDThh:mm:ssZ")
    assert b'xsi:type="vg:Registry"' in sickle.answers[0]
    assert b"<managedAuthority>example.org</managedAuthority>" in sickle.answers[0]
    headers = list(sickle.ListIdentifiers(metadataPrefix="oai_dc"))
    assert found.earliestDatestamp == min(header.datestamp for header in headers)


def test_formats_and_sets_are_listed(sickle: LocalSickle, catalogue: Catalogue):
    (identifier,) = catalogue.identifiers({catalogue.publish()})
    assert {item.metadataPrefix for item in sickle.ListMetadataFormats()} >= {"ivo_vor", "oai_dc"}
    assert {item.metadataPrefix for item in sickle.ListMetadataFormats(identifier=identifier)} >= {"ivo_vor"}
    assert [item.setSpec for item in sickle.ListSets()] == ["ivo_managed"]


def test_a_record_is_found_in_any_case(sickle: LocalSickle, catalogue: Catalogue):
    (identifier,) = catalogue.identifiers({catalogue.publish("Title of it")})
    found = sickle.GetRecord(identifier=identifier.upper().replace("IVO:", "ivo:"), metadataPrefix="oai_dc")
    assert found.header.identifier == identifier
    assert found.metadata["title"] == ["Title of it"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, oaiexceptions.BadVerb),
        ({"verb": "Harvest"}, oaiexceptions.BadVerb),
        ({"verb": "Identify", "set": "x"}, oaiexceptions.BadArgument),
        ({"verb": "ListRecords"}, oaiexceptions.BadArgument),
        ({"verb": "GetRecord", "identifier": "ivo://example.org"}, oaiexceptions.BadArgument),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "yesterday"}, oaiexceptions.BadArgument),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-02-30"}, oaiexceptions.BadArgument),
        (
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-01-01", "until": "2026-01-02T00:00:00Z"},
            oaiexceptions.BadArgument,
        ),
        (
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-01-02", "until": "2026-01-01"},
            oaiexceptions.BadArgument,
        ),
        (
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "resumptionToken": "x"},
            oaiexceptions.BadArgument,
        ),
        ({"verb": "ListRecords", "metadataPrefix": "marc"}, oaiexceptions.CannotDisseminateFormat),
        ({"verb": "ListRecords", "resumptionToken": "x"}, oaiexceptions.BadResumptionToken),
        ({"verb": "ListSets", "resumptionToken": "x"}, oaiexceptions.BadResumptionToken),
        (
            {"verb": "GetRecord", "identifier": "ivo://example.org/products/none", "metadataPrefix": "oai_dc"},
            oaiexceptions.IdDoesNotExist,
        ),
        (
            {"verb": "GetRecord", "identifier": "ivo://example.com", "metadataPrefix": "oai_dc"},
            oaiexceptions.IdDoesNotExist,
        ),
        ({"verb": "ListMetadataFormats", "identifier": "nothing\x01"}, oaiexceptions.IdDoesNotExist),
        ({"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "none"}, oaiexceptions.NoRecordsMatch),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "until": "1990-01-01"}, oaiexceptions.NoRecordsMatch),
    ],
)
def test_what_is_wrong_has_its_error(sickle: LocalSickle, arguments: dict[str, str], error: type[Exception]):
    answer = sickle.harvest(**arguments)
    found = answer.xml.find("oai:error", _NAMES)
    assert found.text
    name = found.get("code")
    assert getattr(oaiexceptions, name[0].upper() + name[1:]) is error


def test_a_repeated_argument_and_a_second_verb_are_refused(sickle: LocalSickle):
    for pairs, code in (
        ([("verb", "Identify"), ("verb", "Identify")], "badVerb"),
        ([("verb", "ListRecords"), ("metadataPrefix", "oai_dc"), ("metadataPrefix", "oai_dc")], "badArgument"),
    ):
        answer = etree.fromstring(b"".join(sickle.repository.answer(pairs)))
        assert answer.find("oai:error", _NAMES).get("code") == code
        assert not answer.find("oai:request", _NAMES).attrib


def test_a_token_of_another_verb_or_server_is_refused(sickle: LocalSickle, catalogue: Catalogue):
    catalogue.publish_many(8)
    page = sickle.harvest(verb="ListRecords", metadataPrefix="oai_dc").xml
    token = page.find(".//oai:resumptionToken", _NAMES).text
    for verb, text in (("ListIdentifiers", token), ("ListRecords", token[:-2])):
        found = sickle.harvest(verb=verb, resumptionToken=text).xml.find("oai:error", _NAMES)
        assert found.get("code") == "badResumptionToken"
