"""Citation of a product, as text and as a BibTeX entry."""

import unicodedata
from datetime import UTC

from products.models import Product

__all__ = ["bibtex_entry", "citation_text"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}$&#%_"},
}


def citation_text(product: Product, author: str, publisher: str, url: str) -> str:
    """Return a citation in the form recommended by DataCite: creator (year): title. Publisher. Type. Identifier.

    Parameters
    ----------
    author
        Full name of the owner.
    publisher
        Name of this service.
    url
        Address of the product's page.
    """
    kind = product.product_type.display_name
    return f"{author} ({_year(product)}): {product.display_name}. {publisher}. {kind}, {product.internal_name}. {url}"


def bibtex_entry(product: Product, author: str, publisher: str, url: str) -> str:
    """Return a BibTeX entry; names and titles keep their capitals."""
    kind, name = product.product_type.display_name, product.internal_name
    note = f"{kind}, {name}" if product.origin == "Upload" else f"{kind}, {name}, made by {product.origin}"
    fields = {
        "author": f"{{{_escaped(author)}}}",
        "title": f"{{{_escaped(product.display_name)}}}",
        "year": str(_year(product)),
        "publisher": _escaped(publisher),
        "note": _escaped(note),
        "url": url,
    }
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items())
    return f"@misc{{{_key(product)},\n{lines}\n}}\n"


def _year(product: Product) -> int:
    return (product.published_at or product.created_at).astimezone(UTC).year


def _key(product: Product) -> str:
    """Return the citation key of letters, digits and underscores: ``photoz_12_vvds``."""
    ascii_name = unicodedata.normalize("NFKD", product.internal_name).encode("ascii", "ignore").decode()
    return "photoz_" + "".join(c for c in ascii_name if c.isalnum() or c == "_")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
