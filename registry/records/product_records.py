"""Record of a public product: a ``vs:CatalogResource`` (VODataService 1.2 §3.1)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lxml import etree

from core.vosi import Capability, Interface
from products.attribution.identifiers import type_of
from products.attribution.licenses import license_label
from products.attribution.models import Attribution
from products.models import Product, ProductColumn, ProductTable
from products.service import ProductDetails
from registry.identifiers import product_path
from registry.models import (
    Content,
    Coverage,
    Creator,
    RecordDate,
    RecordRelationship,
    RecordTable,
    RelatedTarget,
    ResourceRecord,
    Rights,
    Subject,
)
from registry.publisher import TAP, Publisher
from registry.records.spatial import Cone, coarse_map
from registry.records.spectral import spectral_intervals, wavebands
from registry.records.temporal import temporal_intervals

if TYPE_CHECKING:  # it imports Arrow
    from core.columns import Column

__all__ = ["HATS", "product_record"]

#: Identifier under which capabilities of HATS catalogues stand in registries; the standard has no record there yet.
HATS = "ivo://ivoa.net/std/hats#hats-1.0"

#: Subjects of a product without keywords: concepts 1378 and 205 of the Unified Astronomy Thesaurus.
_SUBJECTS = (Subject("Redshift surveys", 1378), Subject("Catalogs", 205))
#: At most 16 characters (VOResource 1.1 §3.1).
_SHORT_NAME = 16


def product_record(
    details: ProductDetails,
    publisher: Publisher,
    relationships: Sequence[RecordRelationship] = (),
    quoted: Callable[[str], str] = str,
    cone: Cone | None = None,
) -> ResourceRecord:
    """Return the record of a product.

    Parameters
    ----------
    relationships
        Its relationships to other products and resources, all of them public.
    quoted
        Returns the name of a column as it stands in ADQL.
    cone
        A circle in which there are rows, for the test query of the cone search.
    """
    product, attribution = details.product, details.product.attribution
    published = product.published_at or product.created_at
    ucds = [item.column.ucd for item in details.columns if item.column.ucd]
    served = RecordRelationship(
        "IsServedBy", (RelatedTarget(f"{publisher.name} TAP service", publisher.identifiers.of(TAP)),)
    )
    has_table = details.table is not None and bool(details.columns)
    return ResourceRecord(
        identifier=publisher.identifiers.of(product_path(product.internal_name)),
        type="vs:CatalogResource",
        title=product.display_name,
        short_name=f"PZ {product.id}"[:_SHORT_NAME],
        created=published,
        updated=max(product.updated_at, published),
        curation=replace(
            publisher.curation,
            creators=_creators(product),
            dates=tuple(_dates(product)),
        ),
        content=Content(
            description=product.description.strip() or f"{product.product_type.display_name}: {product.display_name}",
            reference_url=f"{publisher.url}/product/{quote(product.internal_name, safe='')}",
            subjects=tuple(Subject(word.text, word.uat) for word in attribution.keywords) or _SUBJECTS,
            source=attribution.references[0] if attribution.references else "",
            source_format=_format_of(attribution.references[0]) if attribution.references else "",
            relationships=(*([served] if has_table else ()), *relationships),
        ),
        rights=_rights(product),
        coverage=_coverage(details, ucds),
        tables=() if details.table is None or not has_table else (_table(details, details.table, quoted),),
        capabilities=tuple(_capabilities(details, publisher, cone)),
        alternate_identifiers=tuple(_alternate_identifiers(attribution)),
        product=product.id,
    )


def _creators(product: Product) -> tuple[Creator, ...]:
    authors = product.attribution.authors
    return tuple(Creator(item.name, item.orcid, item.affiliation) for item in authors) or (Creator(product.owner),)


def _dates(product: Product) -> Iterator[RecordDate]:
    yield RecordDate(_day(product.created_at), "Created")
    if product.published_at is not None:
        yield RecordDate(_day(product.published_at), "Issued")
    yield RecordDate(_day(product.updated_at), "Updated")


def _day(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)


def _alternate_identifiers(attribution: Attribution) -> Iterator[str]:
    """Yield the DOI of the product and the bibcodes of its papers, as URIs (VOResource 1.1 §3.1.1)."""
    if attribution.doi:
        yield f"doi:{attribution.doi}"
    yield from (f"bibcode:{text}" for text in attribution.references if type_of(text) == "bibcode")


def _format_of(reference: str) -> str:
    return type_of(reference).lower()


def _rights(product: Product) -> tuple[Rights, ...]:
    attribution = product.attribution
    return (Rights(license_label(attribution.license), attribution.license_address),) if attribution.license else ()


def _coverage(details: ProductDetails, ucds: Sequence[str]) -> Coverage:
    footprint = None if details.table is None else details.table.footprint
    return Coverage(
        moc=coarse_map(footprint) if footprint else None,
        spectral=spectral_intervals(ucds),
        temporal=temporal_intervals(details.columns),
        wavebands=wavebands(ucds),
    )


def _table(details: ProductDetails, table: ProductTable, quoted: Callable[[str], str]) -> RecordTable:
    product = details.product
    return RecordTable(
        schema=table.schema,
        name=table.name,
        columns=tuple(_quoted(item.column, quoted(item.column.name)) for item in details.columns),
        title=product.display_name,
        description=product.description.strip(),
        rows=table.rows,
        flags={quoted(item.column.name): ("principal",) for item in details.columns if _is_principal(item, table)},
    )


def _quoted(column: "Column", name: str) -> "Column":
    return column if column.name == name else replace(column, name=name)


def _is_principal(item: ProductColumn, table: ProductTable) -> bool:
    return item.alias is not None or item.column.name in {table.ra, table.dec, table.z}


def _capabilities(details: ProductDetails, publisher: Publisher, cone: Cone | None) -> Iterator[Capability]:
    product, table = details.product, details.table
    page = f"{publisher.url}/product/{quote(product.internal_name, safe='')}"
    if table is not None and details.columns:
        yield Capability("ivo://ivoa.net/std/TAP#aux", (Interface(f"{publisher.url}/tap", "base", role="std"),))
        if table.ra and table.dec and table.footprint:
            yield _cone_search(publisher, table, cone)
            yield _hats(publisher, product)
    links = Interface(f"{publisher.url}/datalink", role="std", version="1.1")
    yield Capability("ivo://ivoa.net/std/DataLink#links-1.1", (links,))
    yield Capability("", (Interface(page, type="vr:WebBrowser"),), description="Page of the product.")
    if details.files:
        archive = Interface(f"{publisher.url}/api/products/{product.id}/zip", result_type="application/zip")
        yield Capability("", (archive,), description="All files of the product in one archive.")


def _hats(publisher: Publisher, product: Product) -> Capability:
    address = f"{publisher.url}/hats/{quote(product.internal_name, safe='')}"
    return Capability(
        HATS,
        (Interface(address, "dir", role="std", version="1.0"),),
        description="HATS collection of the table with a margin cache, which LSDB and hats open.",
    )


def _cone_search(publisher: Publisher, table: ProductTable, cone: Cone | None) -> Capability:
    extension = [_element(name, value) for name, value in (("maxSR", "180"), ("verbosity", "true"))]
    extension.insert(1, _element("maxRecords", str(publisher.settings.maxrec_limit)))
    if cone is not None:
        query = etree.Element("testQuery")
        for name, number in zip(("ra", "dec", "sr"), cone, strict=True):
            etree.SubElement(query, name).text = repr(number)
        extension.append(query)
    return Capability(
        "ivo://ivoa.net/std/ConeSearch",
        (Interface(f"{publisher.url}/conesearch/{quote(table.full_name)}?", "base", role="std", version="1.03"),),
        type="cs:ConeSearch",
        extension=tuple(extension),
    )


def _element(name: str, value: str) -> Any:  # lxml ships no types
    element = etree.Element(name)
    element.text = value
    return element
