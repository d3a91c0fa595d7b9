"""VOTables written from streams of Arrow batches (VOTable 1.4, DALI 1.1 §4.4)."""

from core.votable.datatypes import arrow_type_of, canonical_arrays, votable_columns
from core.votable.description import Info, TableDescription
from core.votable.document import VOTABLE_NAMESPACE, DocumentWriter, document_without_rows, error_document, legal_xml
from core.votable.limits import LimitedBatches
from core.votable.services import ServiceDescriptor, ServiceInput
from core.votable.texts import cell_texts, joined_rows
from core.votable.writer import Serialization, write_votable

__all__ = [
    "VOTABLE_NAMESPACE",
    "DocumentWriter",
    "Info",
    "LimitedBatches",
    "Serialization",
    "ServiceDescriptor",
    "ServiceInput",
    "TableDescription",
    "arrow_type_of",
    "canonical_arrays",
    "cell_texts",
    "document_without_rows",
    "error_document",
    "joined_rows",
    "legal_xml",
    "votable_columns",
    "write_votable",
]
