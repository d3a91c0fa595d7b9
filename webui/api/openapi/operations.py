"""Descriptions of operations for the OpenAPI document: body, query parameters, and example response."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from webui.api.bodies import (
    CatalogueBody,
    CataloguePatch,
    GroupBody,
    GroupPatch,
    LinkBody,
    MemberBody,
    ProductBody,
    ProductPatch,
    TransferBody,
)
from webui.api.openapi.examples import (
    ARCHIVE,
    CATALOGUE,
    COLUMN,
    DELETED,
    FILE,
    GROUP,
    INSPECTION,
    LINK,
    MAIN_FILE_INFO,
    PIPELINE,
    PROCESS,
    PRODUCT,
    PRODUCT_TYPE,
    READ_DATA,
    RELEASE,
    SIGN_IN,
    TABLE_OPTIONS,
    TOKEN,
    UPLOAD,
    USER,
    listed,
)  # fmt: skip
from webui.api.openapi.provenance_examples import CITATION, DATACITE, FACETS, PROVENANCE, RELATIONS
from webui.api.products.filters import FILTER_NAMES, ORDERINGS

__all__ = ["LIST_PARAMETERS", "OPERATIONS", "OperationDoc"]

#: Query parameters of the lists of products, with their descriptions.
LIST_PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(FILTER_NAMES, ""),
    **{f"{name}__in": f"Several values of {name}, separated by commas." for name in ("status", "product_type")},
    "status": "0 registering, 1 published, 3 processing, 9 failed.",
    "product_name": "Words that the display name contains, separated by commas; product_name__or: any of them.",
    "uploaded_by": "Words in the owner's name.",
    "release__isnull": "true for products without a release.",
    "search": "Words that occur in the name, the description or the owner's name.",
    "ordering": f"One of {', '.join(ORDERINGS)}; a - before it reverses the order.",
    "page": "Page, from 1; without page and page_size the list is complete.",
    "page_size": "Entries per page, at most 1000.",
}


@dataclass(frozen=True, slots=True)
class OperationDoc:
    """Description of one operation.

    Parameters
    ----------
    response
        Example of the response; None for a file.
    sent
        Example of the body.
    body
        Fields of the body, as a model; or, for forms and free bodies, as descriptions by name.
    form
        Whether the body is a multipart form.
    query
        Query parameters that the handler parses itself, with their descriptions.
    media
        Media type of the response.
    text
        Further description.
    """

    response: object = None
    sent: Mapping[str, Any] | None = None
    body: type[BaseModel] | Mapping[str, str] | None = None
    form: bool = False
    query: Mapping[str, str] | None = None
    media: str = "application/json"
    text: str = ""


_TOKEN_FIELDS = {"name": "What the token is for.", "scope": "read, write or admin.", "days": "Lifetime in days."}
_PASSWORD = {"username": "Name of the account.", "password": "Its password, or one of its tokens."}
_SIGN_IN = {"username": "maria", "password": "…"}
_TEXT = "text/plain"
_WARNED = "warnings lists inputs of a pipeline's result whose names its readers see although they may not read them."
_RUN_WARNED = f"{_WARNED} Those of a run that has ended are followed by the warnings of its report."
_SHARED = {**PRODUCT, "warnings": []}
_MORE = f"Omitted fields keep their values. The body is JSON or a form. {_WARNED}"
_P = "/api/products/{product_id}"

#: Operations by method and path.
OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api"): OperationDoc({"products": "https://photoz.example.org/api/products/"}),
    ("get", "/api/users"): OperationDoc(listed(USER)),
    ("get", "/api/users/{user_id}"): OperationDoc(USER),
    ("post", "/api/logged_user"): OperationDoc({"username": "maria", "is_admin": False, "scope": "write"}),
    ("get", "/api/tokens"): OperationDoc(listed(TOKEN)),
    ("post", "/api/tokens"): OperationDoc(
        {**TOKEN, "token": "pz-…"}, {"name": "notebook on my laptop", "scope": "write", "days": 90}, _TOKEN_FIELDS
    ),
    ("get", "/api/sign-ins"): OperationDoc(listed(SIGN_IN)),
    ("post", "/api/get_token"): OperationDoc({"token": "pz-…"}),
    ("post", "/api/obtain_token"): OperationDoc(
        {"token": "pz-…"},
        {"username": "maria", "password": "…"},
        {"username": "Name of the account.", "password": "Its password."},
    ),
    ("post", "/api/sign-in/cookie"): OperationDoc(
        "maria\n", _SIGN_IN, _PASSWORD, media=_TEXT, text="The cookie has the same effect as that of the browser."
    ),
    ("post", "/api/sign-in/token"): OperationDoc(
        "pz-…\n",
        _SIGN_IN,
        _PASSWORD,
        media=_TEXT,
        text="The token is valid for a week, and also in X-VO-Bearer.",
    ),
    ("get", "/api/product-types"): OperationDoc(listed(PRODUCT_TYPE), query={"ordering": "order, or id."}),
    ("get", "/api/product-types/{type_id}"): OperationDoc(PRODUCT_TYPE),
    ("get", "/api/releases"): OperationDoc(listed(RELEASE)),
    ("get", "/api/releases/{release_id}"): OperationDoc(RELEASE),
    ("get", "/api/products"): OperationDoc(
        listed(PRODUCT), query=LIST_PARAMETERS, text="Unknown parameters are ignored."
    ),
    ("get", "/api/products-specz"): OperationDoc(listed(PRODUCT), query=LIST_PARAMETERS),
    ("get", "/api/products/facets"): OperationDoc(
        FACETS,
        query=LIST_PARAMETERS,
        text="The values are those of the filters of the pages; values without products are omitted.",
    ),
    ("options", "/api/products"): OperationDoc(
        {"name": "Products", "filter_classes": [{"name": "status"}], "filterset": [], "search": ["display_name"]}
    ),
    ("post", "/api/products"): OperationDoc(
        {**PRODUCT, "status": 0, "product_status": "Registering"},
        {"display_name": "VVDS final release", "product_type": 1, "visibility": "groups", "groups": ["photo-z.club"]},
        ProductBody,
        text="The product is a draft until its files are uploaded, its columns have meanings, and it is published.",
    ),
    ("get", "/api/products/pending_publication"): OperationDoc({"product": PRODUCT}),
    ("get", _P): OperationDoc(PRODUCT),
    ("patch", _P): OperationDoc(_SHARED, {"description": "Redshifts.", "status": 1}, ProductPatch, text=_MORE),
    ("put", _P): OperationDoc(_SHARED, {"description": "Redshifts."}, ProductPatch, text=_MORE),
    ("delete", _P): OperationDoc(text="It can be restored for some time; see /api/deleted-products."),
    ("get", f"{_P}/main_file_info"): OperationDoc(MAIN_FILE_INFO),
    ("post", f"{_P}/publish"): OperationDoc(
        _SHARED, text="202 while the rows are prepared; 406 when mandatory meanings are missing."
    ),
    ("get", f"{_P}/process_config"): OperationDoc({"config": {"crossmatch": {"radius_arcsec": 1.0}}}),
    ("get", "/api/product-files"): OperationDoc(listed(FILE)),
    ("get", "/api/product-files/{file_id}"): OperationDoc(FILE),
    ("post", "/api/product-files"): OperationDoc(
        FILE,
        body={
            "product": "Id of the product; before the file.",
            "role": "0 main, 1 description, 2 auxiliary; before the file.",
            "file": "The file.",
        },
        form=True,
    ),
    ("put", f"{_P}/files/{{name}}"): OperationDoc(FILE, text="The body is the file; role is main or auxiliary."),
    ("post", f"{_P}/inspect"): OperationDoc(INSPECTION),
    ("get", f"{_P}/inspection"): OperationDoc(INSPECTION, text="wait: seconds to wait for the end, at most 60."),
    ("get", f"{_P}/table-options"): OperationDoc(TABLE_OPTIONS),
    ("put", f"{_P}/table-options"): OperationDoc(
        INSPECTION,
        body={
            "table": "Name of the table in a file that holds several.",
            "missing_values": "Values that mean no value, by column.",
            "position": "The columns from which right ascension and declination are derived, or 'as given'.",
        },
        text="Members that are left out return to what the file tells.",
    ),
    ("get", f"{_P}/registry"): OperationDoc(PRODUCT),
    ("post", f"{_P}/registry"): OperationDoc(PRODUCT),
    ("get", f"{_P}/read_data"): OperationDoc(READ_DATA),
    ("post", f"{_P}/uploads"): OperationDoc(
        UPLOAD,
        {"name": "objects.parquet", "role": "main", "size": 2_400_000_000, "fingerprint": "1798700000"},
        {
            "name": "Name of the file.",
            "role": "main, auxiliary or description.",
            "size": "Bytes of the file.",
            "fingerprint": "Text by which you recognise the same file again, such as the time of its last change.",
            "first": "Its first 65536 bytes in base64, checked at once; may be left out.",
            "last": "Its last 65536 bytes in base64; may be left out.",
        },
        text="If you have begun to send the same file, that upload is returned, with the bytes that have arrived.",
    ),
    ("get", f"{_P}/uploads"): OperationDoc(listed(UPLOAD)),
    ("get", f"{_P}/uploads/{{upload_id}}"): OperationDoc(UPLOAD),
    ("patch", f"{_P}/uploads/{{upload_id}}"): OperationDoc(
        {**UPLOAD, "received": UPLOAD["size"], "next_part": 0, "file": FILE},
        text="offset is the number of bytes that have arrived. After the last part, file is the file of the product.",
    ),
    ("get", "/api/product-contents"): OperationDoc(listed(COLUMN)),
    ("get", "/api/product-contents/{column_id}"): OperationDoc(COLUMN),
    ("patch", "/api/product-contents/{column_id}"): OperationDoc(
        COLUMN,
        {"ucd": "pos.eq.ra;meta.main", "alias": "RA"},
        {
            "alias": "Its meaning or a custom name; empty for none.",
            "unit": "Unit of the column, such as deg; empty for none.",
            "ucd": "UCD1+ of the column; empty for none.",
            "description": "Description of the column; empty for none.",
        },
    ),
    ("patch", f"{_P}/columns"): OperationDoc(
        {"count": 1, "unknown": [], "results": [COLUMN]},
        {"*_mag": {"unit": "mag"}, "Z": {"ucd": "src.redshift", "description": "Redshift, heliocentric."}},
        {"(name of a column, or a pattern with *)": "Its unit, ucd and description, as far as they are to be set."},
        text="A body of another media type is a table of descriptions: CSV with the header name,unit,ucd,description, "
        "a VOTable, or a CDS ReadMe. All columns are changed or none; an error names the wrong lines.",
    ),
    ("put", f"{_P}/columns"): OperationDoc(
        listed(COLUMN),
        {"ALPHA": "ra", "DELTA": "dec", "Z": "z"},
        {"(name of a column)": "Key of a meaning (/api/meanings), or a custom name."},
    ),
    ("get", "/api/meanings"): OperationDoc(
        listed({"key": "ra", "alias": "RA", "ucd": "pos.eq.ra;meta.main", "description": "Right ascension, ICRS."})
    ),
    **{
        (method, f"{_P}/download/{part}{step}"): OperationDoc(ARCHIVE)
        for part in ("", "main-file/")
        for method, step in (("post", "prepare"), ("get", "status"))
    },
    ("get", f"{_P}/provenance"): OperationDoc(PROVENANCE, text="PROV-JSON, or a VOTable with RESPONSEFORMAT=votable."),
    ("get", f"{_P}/citation"): OperationDoc(
        f"{CITATION}\n", media=_TEXT, text="The format is text, bibtex, ris or cff (CITATION.cff)."
    ),
    ("get", f"{_P}/datacite"): OperationDoc(
        DATACITE,
        media="application/vnd.datacite.datacite+json",
        text="DataCite 4.5; the format is json or xml. Products that are not public have none.",
    ),
    ("get", f"{_P}/relations"): OperationDoc(RELATIONS),
    ("get", f"{_P}/downloads"): OperationDoc({"product": 12, "downloads": 4}),
    ("get", "/api/pipelines"): OperationDoc(listed(PIPELINE)),
    ("get", "/api/pipelines/{number}"): OperationDoc(PIPELINE),
    ("get", "/api/processes"): OperationDoc(listed(PROCESS)),
    ("get", "/api/processes/{number}"): OperationDoc({**PROCESS, "warnings": []}, text=_RUN_WARNED),
    ("post", "/api/processes"): OperationDoc(
        {**PROCESS, "warnings": []},
        {"display_name": "My training set", "pipeline": 1, "inputs": [12], "release": 1, "used_config": {"param": {}}},
        {
            "display_name": "Name of the resulting product.",
            "pipeline": "Id of the pipeline.",
            "inputs": "Ids or internal names of products, or vos: URIs.",
            "release": "Id of the release, if the pipeline needs one.",
            "used_config": 'Parameters as {"param": {…}}; an object, or its JSON as text.',
        },
    ),
    ("post", "/api/processes/{number}/stop"): OperationDoc(PROCESS),
    ("get", "/api/processes/{number}/stop"): OperationDoc(PROCESS),
    ("get", "/api/groups"): OperationDoc(listed(GROUP)),
    ("post", "/api/groups"): OperationDoc(GROUP, {"name": "photo-z.club", "description": "Fridays"}, GroupBody),
    ("get", "/api/groups/{group_id}"): OperationDoc(GROUP),
    ("patch", "/api/groups/{group_id}"): OperationDoc(GROUP, {"description": "Fridays"}, GroupPatch),
    ("put", "/api/groups/{group_id}/members/{user}"): OperationDoc(GROUP, {"is_manager": True}, MemberBody),
    ("get", "/api/catalogues"): OperationDoc(listed(CATALOGUE)),
    ("post", "/api/catalogues"): OperationDoc(
        CATALOGUE,
        {"name": "dp1", "url": "s3://surveys/dp1", "visibility": "groups", "groups": ["photo-z.club"]},
        CatalogueBody,
        text="The metadata of the catalogue are read; its partitions are not.",
    ),
    ("get", "/api/catalogues/{name}"): OperationDoc(CATALOGUE),
    ("patch", "/api/catalogues/{name}"): OperationDoc(CATALOGUE, {"visibility": "public"}, CataloguePatch),
    ("post", "/api/catalogues/{name}/refresh"): OperationDoc(CATALOGUE),
    ("put", f"{_P}/co-owners/{{user}}"): OperationDoc(_SHARED, text=_WARNED),
    ("post", f"{_P}/transfer"): OperationDoc(_SHARED, {"user": "wei", "stay": True}, TransferBody),
    ("get", f"{_P}/links"): OperationDoc(listed(LINK)),
    ("post", f"{_P}/links"): OperationDoc(
        {**LINK, "url": "https://photoz.example.org/shared/…", "warnings": []},
        {"days": 14, "note": "referee of paper II"},
        LinkBody,
    ),
    ("get", f"{_P}/versions"): OperationDoc({"previous": None, "newer": [PRODUCT]}),
    ("post", f"{_P}/new_version"): OperationDoc({**PRODUCT, "status": 0, "previous_version": 12}),
    ("get", "/api/deleted-products"): OperationDoc(listed(DELETED)),
    ("post", "/api/deleted-products/{product_id}/restore"): OperationDoc(PRODUCT),
    ("get", "/api/usage"): OperationDoc({"products": 4, "used_bytes": 1_200_000_000, "quota_bytes": 50_000_000_000}),
    ("get", "/which_environment"): OperationDoc({"enviroment_name": "Photo-z Server", "is_dev": False}),
}
