"""Citation of a product: as text, in BibTeX and RIS, and as a CITATION.cff."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date

from products.attribution import Author
from products.models import Product

__all__ = ["CitedProduct", "bibtex_entry", "citation_file", "citation_text", "ris_entry"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}$&#%_"},
}


@dataclass(frozen=True, slots=True)
class CitedProduct:
    """A product with what a citation says of it.

    Parameters
    ----------
    authors
        Names of its authors, persons as *Family, Given*; that of its owner when it has none.
    publisher
        Name of this service.
    page
        Address of the product's page.
    """

    product: Product
    authors: tuple[str, ...]
    publisher: str
    page: str

    @property
    def url(self) -> str:
        """The address that a citation gives: that of the DOI, else the page."""
        return self.product.attribution.doi_address or self.page

    @property
    def published(self) -> date:
        """The day of publication, or of creation."""
        return (self.product.published_at or self.product.created_at).astimezone(UTC).date()

    @property
    def note(self) -> str:
        """The type and the internal name of the product, and what made it."""
        kind = f"{self.product.product_type.display_name}, {self.product.internal_name}"
        return kind if self.product.origin == "Upload" else f"{kind}, made by {self.product.origin}"


def citation_text(cited: CitedProduct) -> str:
    """Return a citation in the form recommended by DataCite: creator (year): title. Publisher. Type. Identifier."""
    product, authors = cited.product, "; ".join(cited.authors)
    kind = f"{product.product_type.display_name}, {product.internal_name}"
    return f"{authors} ({cited.published.year}): {product.display_name}. {cited.publisher}. {kind}. {cited.url}"


def bibtex_entry(cited: CitedProduct) -> str:
    """Return a BibTeX entry; titles, and names that have no comma, keep their capitals and their order."""
    product = cited.product
    fields = {
        "author": " and ".join(_bibtex_name(name) for name in cited.authors),
        "title": f"{{{_escaped(product.display_name)}}}",
        "year": str(cited.published.year),
        "publisher": _escaped(cited.publisher),
        "note": _escaped(cited.note),
        "doi": _escaped(product.attribution.doi),
        "url": cited.url,
    }
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items() if value)
    return f"@misc{{{_key(product)},\n{lines}\n}}\n"


def ris_entry(cited: CitedProduct) -> str:
    """Return an entry of type DATA in the format RIS, which reference managers import."""
    product, attribution = cited.product, cited.product.attribution
    fields = [
        ("TY", "DATA"),
        *(("AU", name) for name in cited.authors),
        ("TI", product.display_name),
        ("PY", str(cited.published.year)),
        ("DA", f"{cited.published:%Y/%m/%d}"),
        ("PB", cited.publisher),
        ("DO", attribution.doi),
        ("UR", cited.url),
        *(("KW", keyword.text) for keyword in attribution.keywords),
        ("N1", cited.note),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in fields if value or tag == "ER")


def citation_file(cited: CitedProduct) -> str:
    """Return a CITATION.cff (Citation File Format 1.2.0)."""
    import yaml

    product, attribution = cited.product, cited.product.attribution
    orcids = {author.name: author for author in attribution.authors}
    document = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, please cite it as below.",
        "type": "dataset",
        "title": product.display_name,
        "authors": [_cff_author(name, orcids.get(name)) for name in cited.authors],
        "doi": attribution.doi,
        "url": cited.page,
        "date-released": cited.published.isoformat(),
        # An expression of several licences has no form in this format.
        "license": attribution.license if " " not in attribution.license else "",
        "keywords": [keyword.text for keyword in attribution.keywords],
    }
    present = {key: value for key, value in document.items() if value}
    return yaml.safe_dump(present, sort_keys=False, allow_unicode=True)


def _bibtex_name(name: str) -> str:
    return _escaped(name) if "," in name else f"{{{_escaped(name)}}}"


def _cff_author(name: str, author: Author | None) -> dict[str, str]:
    family, comma, given = (part.strip() for part in name.partition(","))
    entry = {"family-names": family, "given-names": given} if comma else {"name": name}
    if author is not None and author.affiliation:
        entry["affiliation"] = author.affiliation
    if author is not None and author.orcid:
        entry["orcid"] = f"https://orcid.org/{author.orcid}"
    return entry


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _key(product: Product) -> str:
    """Return the citation key of letters, digits and underscores: ``photoz_12_vvds``."""
    ascii_name = unicodedata.normalize("NFKD", product.internal_name).encode("ascii", "ignore").decode()
    return "photoz_" + "".join(c for c in ascii_name if c.isalnum() or c == "_")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
