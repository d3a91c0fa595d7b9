"""What the page of a public product tells programs: typed links in its head, and JSON-LD.

The links are those of FAIR Signposting, level 1 (RFC 8288, RFC 8574).
"""

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from products.provenance import ProductDescription, dataset_document, script_text

__all__ = ["data_block", "signposting_headers"]

#: Proxies limit the size of a response's head; what has more files is linked as the archive of them all.
_MOST_ITEMS = 10
_MOST_AUTHORS = 20


def signposting_headers(described: ProductDescription | None) -> Mapping[str, str]:
    """Return the header ``Link`` of the page of a public product; none for other products."""
    return {} if described is None else {"Link": ", ".join(_links(described))}


def data_block(described: ProductDescription | None) -> Markup | None:
    """Return the JSON-LD of a public product as the content of a script element; None for other products."""
    if described is None:
        return None
    return Markup(script_text(dataset_document(described)))  # noqa: S704 - without < > &  # nosec B704


def _links(described: ProductDescription) -> Iterator[str]:
    attribution = described.product.attribution
    yield _link(described.cited.url, "cite-as")
    yield _link("https://schema.org/Dataset", "type")
    yield _link("https://schema.org/AboutPage", "type")
    for form in ("json", "xml"):
        media = f"application/vnd.datacite.datacite+{form}"
        yield _link(f"{described.datacite_address}?format={form}", "describedby", media)
    if attribution.license_address is not None:
        yield _link(attribution.license_address, "license")
    for orcid in [author.orcid for author in attribution.authors if author.orcid][:_MOST_AUTHORS]:
        yield _link(f"https://orcid.org/{orcid}", "author")
    if len(described.files) > _MOST_ITEMS:
        yield _link(described.download_address, "item", "application/zip")
    else:
        for file in described.files:
            yield _link(described.file_address(file), "item", file.media_type)


def _link(address: str, relation: str, media: str | None = None) -> str:
    return f'<{address}>; rel="{relation}"' + ("" if media is None else f'; type="{media}"')
