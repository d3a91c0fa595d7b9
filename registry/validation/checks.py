"""Checks of a record: the schemas, vocabularies, and what harvesters and DataCite want of a good record."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from registry.documents.voresource import resource_element
from registry.models import ResourceRecord
from registry.terms import subject_term
from registry.validation.schemas import SCHEMA_FOLDER, harvest_schema

__all__ = ["Finding", "record_findings", "server_findings"]

_SHORT_DESCRIPTION = 30
_SHORT_NAME = 16
_DEFAULT_AUTHORITY = "photoz.local"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a record, or could be better.

    Parameters
    ----------
    is_error
        Whether registries may refuse the record.
    """

    sentence: str
    is_error: bool = False


def record_findings(
    record: ResourceRecord, schemas: Path = SCHEMA_FOLDER, thesaurus: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with a record.

    Parameters
    ----------
    schemas
        Folder of the XML schemas; without it, their part is left out.
    thesaurus
        Terms of the IVOA vocabulary *uat*; without them, the subjects are not looked up.
    """
    return (
        *_schema_findings(record, schemas),
        *_content_findings(record),
        *_column_findings(record),
        *(() if thesaurus is None else _subject_findings(record, thesaurus)),
    )


def server_findings(authority: str, public_url: str, contact: str, schemas: Path = SCHEMA_FOLDER) -> Iterator[Finding]:
    """Yield what the settings lack for a registry that others harvest."""
    if authority == _DEFAULT_AUTHORITY or "." not in authority:
        yield Finding(
            f"The authority is '{authority}'. Set PHOTOZ_AUTHORITY to a domain of yours; identifiers stay for ever.",
            is_error=True,
        )
    if not public_url.startswith("https://"):
        yield Finding(f"The address is {public_url}. Set PHOTOZ_BASE_URL to the https address that others reach.")
    if "@" not in contact:
        yield Finding("There is no e-mail address for harvesters. Set PHOTOZ_CONTACT to one.")
    if not schemas.is_dir():
        yield Finding(f"There are no schemas in {schemas}. Install python3-gavo, or name their folder by --schemas.")


def _schema_findings(record: ResourceRecord, schemas: Path) -> Iterator[Finding]:
    schema = harvest_schema(schemas)
    if schema is None:
        return
    element = etree.fromstring(etree.tostring(resource_element(record)))
    if not schema.validate(element):
        for error in schema.error_log:
            yield Finding(f"The record is not valid: {error.message}", is_error=True)


def _content_findings(record: ResourceRecord) -> Iterator[Finding]:
    if len(record.short_name) > _SHORT_NAME:
        yield Finding(f"The short name '{record.short_name}' has more than {_SHORT_NAME} characters.", is_error=True)
    if record.product is None:
        return
    if len(record.content.description) < _SHORT_DESCRIPTION:
        yield Finding("The description is short; searches find a product by its words.")
    if not record.rights:
        yield Finding("There is no licence; others do not know what they may do with the data.")
    if not any(creator.orcid for creator in record.curation.creators):
        yield Finding("No author has an ORCID iD; add authors to the attribution.")
    if not record.content.source:
        yield Finding("There is no reference to a paper.")
    if record.tables and (record.coverage is None or not record.coverage.moc):
        yield Finding("The table has no positions, so that searches by region do not find it.")


def _column_findings(record: ResourceRecord) -> Iterator[Finding]:
    from astropy.io.votable.ucd import check_ucd

    for table in record.tables:
        without = [column.name for column in table.columns if not column.ucd]
        for column in table.columns:
            if column.ucd and not check_ucd(column.ucd, check_controlled_vocabulary=True):
                yield Finding(f"'{column.ucd}', the UCD of column {column.name}, is not in the list of UCD1+.")
            if column.unit and not _is_unit(column.unit):
                yield Finding(f"'{column.unit}', the unit of column {column.name}, is not a unit of VOUnit 1.1.")
        if without:
            yield Finding(f"{len(without)} of {len(table.columns)} columns have no UCD.")


def _subject_findings(record: ResourceRecord, thesaurus: Collection[str]) -> Iterator[Finding]:
    for subject in record.content.subjects:
        term = subject_term(subject)
        if subject.uat is not None and term not in thesaurus:
            yield Finding(
                f"'{term}', the term of the keyword '{subject.text}', is not in the thesaurus.", is_error=True
            )
        elif subject.uat is None:
            yield Finding(f"The keyword '{subject.text}' has no number of the Unified Astronomy Thesaurus.")


def _is_unit(text: str) -> bool:
    from astropy.units import Unit

    try:
        Unit(text, format="vounit")
    except ValueError:
        return False
    return True
