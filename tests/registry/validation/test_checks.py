"""Findings in records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidValueError
from registry.service import RecordService
from registry.validation import schemas
from registry.validation.checks import record_findings, server_findings
from registry.validation.thesaurus import read_thesaurus
from tests.registry.conftest import Catalogue
from tests.registry.schemas import harvest_schema


def test_each_fault_of_a_record_is_found(catalogue: Catalogue, records: RecordService):
    harvest_schema()  # skips where there is none
    catalogue.publish(description="x")
    record = next(record for record in records.records() if record.product is not None)
    sentences = " ".join(finding.sentence for finding in record_findings(record))
    for words in ("description is short", "no licence", "ORCID iD", "reference to a paper"):
        assert words in sentences
    assert not any(finding.is_error for finding in record_findings(record))

    table = record.tables[0]
    columns = (replace(table.columns[0], ucd="pos.eq.rra", unit="furlongs"), *table.columns[1:])
    faulty = replace(
        record, short_name="x" * 17, tables=(replace(table, columns=columns),), identifier="http://example.org/p"
    )
    found = record_findings(faulty)
    errors = " ".join(finding.sentence for finding in found if finding.is_error)
    assert "short name" in errors
    assert "is not valid" in errors
    assert "'pos.eq.rra'" in " ".join(finding.sentence for finding in found)
    assert "'furlongs'" in " ".join(finding.sentence for finding in found)


def test_records_of_services_have_no_findings(records: RecordService):
    found = {record.identifier: record_findings(record) for record in records.records()}
    assert {"ivo://example.org", "ivo://example.org/registry", "ivo://example.org/tap"} <= found.keys()
    assert not any(found.values()), found


def test_settings_that_harvesters_need_are_named(tmp_path: Path):
    assert list(server_findings("example.org", "https://pz.example.org", "desk@example.org", tmp_path)) == []
    found = list(server_findings("photoz.local", "http://127.0.0.1:8000", "", tmp_path / "none"))
    assert [finding.is_error for finding in found] == [True, False, False, False]


def test_keywords_are_looked_up_in_the_thesaurus(catalogue: Catalogue, records: RecordService, tmp_path: Path):
    file = tmp_path / "uat.desise"
    names = ("redshift-surveys", "virtual-observatories", "galaxies")
    file.write_text(json.dumps({"terms": {name: {"label": name} for name in names}}))
    keywords = [{"text": "Galaxies", "uat": 573}, {"text": "Gallaxies", "uat": 573}, {"text": "my words"}]
    catalogue.publish(attribution={"keywords": keywords})
    terms = read_thesaurus(file)

    found = {record.product: record_findings(record, tmp_path / "none", terms) for record in records.records()}
    (of_product,) = [findings for product, findings in found.items() if product is not None]
    sentences = {finding.sentence: finding.is_error for finding in of_product}
    assert sentences["'gallaxies', the term of the keyword 'Gallaxies', is not in the thesaurus."] is True
    assert sentences["The keyword 'my words' has no number of the Unified Astronomy Thesaurus."] is False
    assert not any("'Galaxies'" in sentence for sentence in sentences)
    assert found[None] == (), "the subjects of the services are terms of the thesaurus"


def test_a_folder_without_the_schemas_is_refused(tmp_path: Path):
    with pytest.raises(InvalidValueError, match=r"has no OAI-PMH\.xsd, oai_dc\.xsd"):
        schemas.harvest_schema(tmp_path)


@pytest.mark.parametrize("content", [None, "no JSON", "[]", '{"terms": {}}'])
def test_a_file_that_is_no_thesaurus_is_refused(tmp_path: Path, content: str | None):
    file = tmp_path / "uat.desise"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidValueError, match=r"uat\.desise"):
        read_thesaurus(file)
