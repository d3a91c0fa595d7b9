"""DataLink 1.1 links of products: files, preview, HATS collection, cone search, provenance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from core.auth.models import Identity
from core.columns import Column
from core.errors import NotFoundError
from core.identifiers import split_identifier
from core.votable import ServiceDescriptor, ServiceInput
from products.files.downloads import METADATA_NAME
from products.models import FileRole, ProductStatus
from products.provenance.service import ProvenanceService
from products.service import ProductDetails, ProductService
from tap.identifiers import identifier
from tap.metadata.standard_tables import PRODUCT_UTYPE

__all__ = ["LINKS_ID", "LINKS_TYPE", "Link", "LinkService", "ProductLinks", "links_of_products"]

#: Identifier of the protocol.
LINKS_ID = "ivo://ivoa.net/std/DataLink#links-1.1"

LINKS_TYPE = "application/x-votable+xml;content=datalink"
_VOTABLE = "application/x-votable+xml"
#: Terms added to the vocabulary later (documentation, package, detached-header) are given as local semantics, because
#: validators that only know the vocabulary of DataLink 1.0 report them as errors.
_ROLES = {FileRole.MAIN: ("#this", None), FileRole.DESCRIPTION: ("#auxiliary", "#documentation")}
_OTHER_ROLE = ("#auxiliary", None)
_PREVIEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class Link:
    """One link (DataLink 1.1 §3.2), with exactly one of an access URL, a service and an error message.

    Parameters
    ----------
    local
        Local semantics: a term of this service.
    """

    id: str
    semantics: str
    description: str | None = None
    access_url: str | None = None
    service_def: str | None = None
    error_message: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    local: str | None = None


@dataclass(frozen=True, slots=True)
class ProductLinks:
    """The links of some products, and the service descriptors to which they refer."""

    links: tuple[Link, ...]
    services: tuple[ServiceDescriptor, ...]


class LinkService:
    """Service that returns the links of the products that an identity may read."""

    def __init__(
        self, products: ProductService, provenance: ProvenanceService, *, authority: str, public_url: str
    ) -> None:
        self._products = products
        self._provenance = provenance
        self._authority = authority.lower()
        self._url = public_url

    def links(self, ids: Sequence[str], identity: Identity) -> ProductLinks:
        """Return the links of products, in the order requested.

        Parameters
        ----------
        ids
            Names or numbers of products, or ivo:// identifiers of the authority of this service and a name.
        """
        links: list[Link] = []
        services: list[ServiceDescriptor] = []
        for link_id in ids:
            try:
                details = self._details(link_id, identity)
            except NotFoundError:
                links.append(
                    Link(link_id, "#this", error_message=f"NotFoundFault: there is no product '{link_id[:200]}'.")
                )
                continue
            links += self._file_links(link_id, details)
            links += self._page_links(link_id, details)
            links += self._provenance_links(link_id, details, identity)
            if cone := self._cone(details, f"cone{len(services)}"):
                services.append(cone)
                links.append(
                    Link(link_id, "#cutout", "Rows near a position (Simple Cone Search)", service_def=cone.id,
                         content_type=_VOTABLE, local="#cone")
                )  # fmt: skip
        return ProductLinks(tuple(links), tuple(services))

    def _details(self, link_id: str, identity: Identity) -> ProductDetails:
        found = split_identifier(link_id)
        if found is not None and (found.scheme, found.authority) != ("ivo", self._authority):
            raise NotFoundError(link_id)
        name = link_id if found is None else found.rest.removeprefix("/")
        details = self._products.details(identity, int(name) if name.isascii() and name.isdecimal() else name)
        if details.product.status is not ProductStatus.PUBLISHED:
            raise NotFoundError(link_id)
        return details

    def _file_links(self, link_id: str, details: ProductDetails) -> Iterator[Link]:
        base = f"{self._url}/vospace/files/products/{quote(details.product.internal_name)}"
        for file in details.files:
            semantics, local = _ROLES.get(file.role, _OTHER_ROLE)
            yield Link(
                link_id,
                semantics,
                f"{file.role.label} file {file.name}",
                f"{base}/{quote(file.name, safe='')}",
                content_type=file.media_type,
                content_length=file.size,
                local=local,
            )
        yield Link(
            link_id, "#auxiliary", "Metadata of the product in YAML", f"{base}/{METADATA_NAME}",
            content_type="application/yaml", local="#detached-header",
        )  # fmt: skip

    def _page_links(self, link_id: str, details: ProductDetails) -> Iterator[Link]:
        name, number = quote(details.product.internal_name), details.product.id
        page, package = f"{self._url}/product/{name}", f"{self._url}/api/products/{number}/zip"
        yield Link(link_id, "#auxiliary", "Page of the product", page, content_type="text/html", local="#documentation")
        yield Link(
            link_id,
            "#auxiliary",
            "All files in one archive",
            package,
            content_type="application/zip",
            local="#package",
        )
        if details.table is not None:
            query = f"SELECT TOP {_PREVIEW_ROWS} * FROM {details.table.full_name}"  # noqa: S608 - ADQL, for an address
            preview = urlencode({"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "html"})
            text = f"First {_PREVIEW_ROWS} rows of its table {details.table.full_name}"
            yield Link(link_id, "#preview", text, f"{self._url}/tap/sync?{preview}", content_type="text/html")
            if details.table.ra and details.table.dec:
                # The rows in another form, sorted and cut; the vocabulary has no term for the same data in other files.
                text = f"Its table {details.table.full_name} as a HATS collection, with margins, for LSDB"
                hats = f"{self._url}/hats/{name}"
                yield Link(link_id, "#derivation", text, hats, content_type="text/html", local="#hats")
            yield from self._density_links(link_id, details, details.table.full_name)

    def _density_links(self, link_id: str, details: ProductDetails, table: str) -> Iterator[Link]:
        """Yield links to the metadata of columns of probability densities: a VOTable without rows."""
        for item in details.columns:
            if item.column.density is None:
                continue
            query = f"SELECT {identifier(item.column.name)} FROM {table}"  # noqa: S608 - ADQL, for an address
            metadata = urlencode({"LANG": "ADQL", "QUERY": query, "MAXREC": 0})
            yield Link(
                link_id, "#auxiliary", f"Form and grid of the probability densities in its column {item.column.name}",
                f"{self._url}/tap/sync?{metadata}", content_type=_VOTABLE, local="#density",
            )  # fmt: skip

    def _provenance_links(self, link_id: str, details: ProductDetails, identity: Identity) -> Iterator[Link]:
        found = self._provenance.of(identity, details.product.id)
        url = f"{self._url}/api/products/{details.product.id}/provenance?RESPONSEFORMAT=votable"
        yield Link(
            link_id, "#auxiliary", "Provenance of the product (IVOA Provenance Data Model)", url,
            content_type=_VOTABLE, local="#provenance",
        )  # fmt: skip
        for source in found.sources:
            if source.product is not None:
                link = f"{self._url}/datalink?{urlencode({'ID': source.product.internal_name})}"
                text = f"Derived from {source.product.display_name}"
                yield Link(link_id, "#progenitor", text, link, content_type=LINKS_TYPE)

    def _cone(self, details: ProductDetails, service_id: str) -> ServiceDescriptor | None:
        table = details.table
        if table is None or not (table.ra and table.dec):
            return None
        inputs = (
            ("RA", "pos.eq.ra", "Right ascension"),
            ("DEC", "pos.eq.dec", "Declination"),
            ("SR", "pos.angDistance", "Radius"),
        )
        return ServiceDescriptor(
            access_url=f"{self._url}/conesearch/{quote(table.full_name)}",
            inputs=tuple(
                ServiceInput(name, "double", unit="deg", ucd=ucd, description=f"{text} (ICRS)")
                for name, ucd, text in inputs
            ),
            id=service_id,
            standard_id="ivo://ivoa.net/std/ConeSearch",
            description=f"Simple Cone Search on {table.full_name}",
        )


def links_of_products(columns: Sequence[Column], public_url: str) -> tuple[ServiceDescriptor, ...]:
    """Return the service descriptor of DataLink, if a column of a result names products."""
    for number, column in enumerate(columns):
        if column.utype == PRODUCT_UTYPE and column.is_text:
            item = ServiceInput("ID", column.datatype, "*", column=number, ucd="meta.id;meta.main")
            text = "Files, preview, cone search and provenance of the product of a row"
            return (ServiceDescriptor(f"{public_url}/datalink", (item,), "links", LINKS_ID, text),)
    return ()
