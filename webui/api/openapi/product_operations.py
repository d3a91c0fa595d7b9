"""Descriptions of the operations of products, their types and releases, sharing and versions."""

from collections.abc import Mapping

from webui.api.bodies import LinkBody, ProductBody, ProductPatch, TransferBody
from webui.api.models.accounts import IssuedLink, Link
from webui.api.models.base import Listed
from webui.api.models.products import (
    DeletedProduct,
    Draft,
    Facets,
    Product,
    ProductOptions,
    ProductType,
    ProductVersions,
    ProductWithMainFile,
    Release,
    SharedProduct,
    Usage,
)
from webui.api.openapi.descriptions import OperationDoc
from webui.api.openapi.examples import DELETED, LINK, MAIN_FILE_INFO, PRODUCT, PRODUCT_TYPE, RELEASE, listed
from webui.api.openapi.provenance_examples import FACETS

__all__ = ["PRODUCT_OPERATIONS"]

_WARNED = "warnings lists inputs of a pipeline's result whose names its readers see although they may not read them."
_SHARED = {**PRODUCT, "warnings": []}
_MORE = f"Omitted fields keep their values. The body is JSON or a form. {_WARNED}"
_MISSING = {"406": "Mandatory meanings are missing; the body is the message, as a string."}
_P = "/api/products/{product_id}"

#: Operations by method and path.
PRODUCT_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api/product-types"): OperationDoc(
        "With the meanings that columns of such products must have.", listed(PRODUCT_TYPE), Listed[ProductType]
    ),
    ("get", "/api/product-types/{type_id}"): OperationDoc(
        "With the meanings that columns of such products must have.", PRODUCT_TYPE, ProductType
    ),
    ("get", "/api/releases"): OperationDoc(
        "Releases that you may see, newest first.", listed(RELEASE), Listed[Release]
    ),
    ("get", "/api/releases/{release_id}"): OperationDoc("One of the releases that the list has.", RELEASE, Release),
    ("get", "/api/products"): OperationDoc(
        "Products that you may read, newest first; drafts of yours as well, unless status is given.",
        listed(PRODUCT),
        Listed[Product],
    ),
    ("get", "/api/products-specz"): OperationDoc(
        "The list of products, with this type and status.", listed(PRODUCT), Listed[Product]
    ),
    ("get", "/api/products/facets"): OperationDoc(
        "The values are those of the filters of the pages; values without products are omitted.", FACETS, Facets
    ),
    ("options", "/api/products"): OperationDoc(
        "Clients of today's server read the names of the filters here.",
        {
            "name": "Products",
            "filter_classes": [{"name": "status"}],
            "filterset": [],
            "content_filters": ["has_redshift"],
            "search": ["display_name"],
            "ordering": ["created_at"],
        },
        ProductOptions,
    ),
    ("post", "/api/products"): OperationDoc(
        "The product is a draft until its files are uploaded, its columns have meanings, and it is published.",
        {**PRODUCT, "status": 0, "product_status": "Registering"},
        Product,
        body=ProductBody,
        sent={
            "display_name": "VVDS final release",
            "product_type": "redshift_catalog",
            "visibility": "groups",
            "groups": ["photo-z.club"],
        },
    ),
    ("get", "/api/products/pending_publication"): OperationDoc("null without a draft.", {"product": PRODUCT}, Draft),
    ("get", _P): OperationDoc("With the run that made it, if there is one.", PRODUCT, Product),
    ("patch", _P): OperationDoc(
        _MORE,
        _SHARED,
        SharedProduct,
        body=ProductPatch,
        sent={"description": "Redshifts.", "status": 1},
        errors=_MISSING,
    ),
    ("put", _P): OperationDoc(
        _MORE, _SHARED, SharedProduct, body=ProductPatch, sent={"description": "Redshifts."}, errors=_MISSING
    ),
    ("delete", _P): OperationDoc("It can be restored for some time; see /api/deleted-products."),
    ("get", f"{_P}/main_file_info"): OperationDoc(
        "main_file is an object without a name when there is none.", MAIN_FILE_INFO, ProductWithMainFile
    ),
    ("post", f"{_P}/publish"): OperationDoc(
        f"The rows become a table of TAP. {_WARNED}",
        _SHARED,
        SharedProduct,
        also={"202": "The rows are still being prepared; the product is published when they are."},
        errors={**_MISSING, "422": "The rows of the main file cannot be read."},
    ),
    ("put", f"{_P}/co-owners/{{user}}"): OperationDoc(
        f"Co-owners may do what the owner may, but not transfer the product. {_WARNED}", _SHARED, SharedProduct
    ),
    ("delete", f"{_P}/co-owners/{{user}}"): OperationDoc("Owners remove co-owners, and these themselves."),
    ("post", f"{_P}/transfer"): OperationDoc(
        f"The new owner's quota counts its files. {_WARNED}",
        _SHARED,
        SharedProduct,
        body=TransferBody,
        sent={"user": "wei", "stay": True},
    ),
    ("get", f"{_P}/links"): OperationDoc("The address of a link is shown only once.", listed(LINK), Listed[Link]),
    ("post", f"{_P}/links"): OperationDoc(
        "Whoever has the address may read the product until the link expires.",
        {**LINK, "url": "https://photoz.example.org/shared/…", "warnings": []},
        IssuedLink,
        body=LinkBody,
        sent={"days": 14, "note": "referee of paper II"},
    ),
    ("delete", f"{_P}/links/{{link_id}}"): OperationDoc("Its address is not valid any more."),
    ("get", f"{_P}/versions"): OperationDoc(
        "Those that you may read.", {"previous": None, "newer": [PRODUCT]}, ProductVersions
    ),
    ("post", f"{_P}/new_version"): OperationDoc(
        "The draft has the metadata of the product, but no files.",
        {**PRODUCT, "status": 0, "previous_version": 12},
        Product,
    ),
    ("get", "/api/deleted-products"): OperationDoc(
        "Each with the time until which it can be restored.", listed(DELETED), Listed[DeletedProduct]
    ),
    ("post", "/api/deleted-products/{product_id}/restore"): OperationDoc(
        "The product has its old status again.", PRODUCT, Product
    ),
    ("get", "/api/usage"): OperationDoc(
        "Bytes of all files and tables of your products; without a quota quota_bytes is null.",
        {"products": 4, "used_bytes": 1_200_000_000, "quota_bytes": 50_000_000_000},
        Usage,
    ),
}
