"""What the description says of each operation beyond its address: body, parameters of the query, and answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from webui.api.bodies import GroupBody, GroupPatch, LinkBody, MemberBody, ProductBody, ProductPatch, TransferBody
from webui.api.openapi.examples import (
    ARCHIVE,
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
    TOKEN,
    USER,
    listed,
)  # fmt: skip
from webui.api.openapi.provenance_examples import CITATION, FACETS, PROVENANCE
from webui.api.products.filters import FILTER_NAMES, ORDERINGS

__all__ = ["LIST_PARAMETERS", "OPERATIONS", "Described"]

#: Parameters of the query of the lists of products, with what they mean.
LIST_PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(FILTER_NAMES, ""),
    **{f"{name}__in": f"One of several values of {name}, with commas between." for name in ("status", "product_type")},
    "status": "0 registering, 1 published, 3 processing, 9 failed.",
    "product_name": "Words that the display name must hold, with commas between; product_name__or: one of them.",
    "uploaded_by": "Words in the owner's name.",
    "release__isnull": "true for products without a release.",
    "search": "Words that must occur in the name, the description or the owner's name.",
    "ordering": f"One of {', '.join(ORDERINGS)}; a - before it turns the order round.",
    "page": "Which page, from 1; without page and page_size the list is whole.",
    "page_size": "How many a page, 1000 at most.",
}


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of one operation.

    Parameters
    ----------
    answer
        Example of the answer; None where it is a file.
    sent
        Example of the body.
    body
        The fields of the body, as a model; or, for forms and free bodies, as words by their names.
    form
        Whether the body is a form with parts.
    query
        Parameters of the query that the handler reads by itself, with what they mean.
    media
        Media type of the answer.
    text
        A few sentences more.
    """

    answer: object = None
    sent: Mapping[str, Any] | None = None
    body: type[BaseModel] | Mapping[str, str] | None = None
    form: bool = False
    query: Mapping[str, str] | None = None
    media: str = "application/json"
    text: str = ""


_TOKEN_FIELDS = {"name": "What the token is for.", "scope": "read, write or admin.", "days": "How long it lives."}
_PASSWORD = {"username": "Name of the account.", "password": "Its password, or one of its tokens."}
_SIGN_IN = {"username": "maria", "password": "…"}
_TEXT = "text/plain"
_WARNED = "warnings says which inputs of a pipeline's result its readers learn the names of and may not read."
_SHARED = {**PRODUCT, "warnings": []}
_MORE = f"What is not named stays as it is. JSON and forms are read alike. {_WARNED}"
_P = "/api/products/{product_id}"

#: Operations by method and path.
OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("get", "/api"): Described({"products": "https://photoz.example.org/api/products/"}),
    ("get", "/api/users"): Described(listed(USER)),
    ("get", "/api/users/{user_id}"): Described(USER),
    ("post", "/api/logged_user"): Described({"username": "maria", "is_admin": False, "scope": "write"}),
    ("get", "/api/tokens"): Described(listed(TOKEN)),
    ("post", "/api/tokens"): Described(
        {**TOKEN, "token": "pz-…"}, {"name": "notebook on my laptop", "scope": "write", "days": 90}, _TOKEN_FIELDS
    ),
    ("post", "/api/get_token"): Described({"token": "pz-…"}),
    ("post", "/api/obtain_token"): Described(
        {"token": "pz-…"},
        {"username": "maria", "password": "…"},
        {"username": "Name of the account.", "password": "Its password."},
    ),
    ("post", "/api/sign-in/cookie"): Described(
        "maria\n", _SIGN_IN, _PASSWORD, media=_TEXT, text="The cookie signs in like the browser's."
    ),
    ("post", "/api/sign-in/token"): Described(
        "pz-…\n", _SIGN_IN, _PASSWORD, media=_TEXT, text="The token lives a week; X-VO-Bearer names it, too."
    ),
    ("get", "/api/product-types"): Described(listed(PRODUCT_TYPE), query={"ordering": "order, or id."}),
    ("get", "/api/product-types/{type_id}"): Described(PRODUCT_TYPE),
    ("get", "/api/releases"): Described(listed(RELEASE)),
    ("get", "/api/releases/{release_id}"): Described(RELEASE),
    ("get", "/api/products"): Described(
        listed(PRODUCT), query=LIST_PARAMETERS, text="Parameters that are not known are ignored."
    ),
    ("get", "/api/products-specz"): Described(listed(PRODUCT), query=LIST_PARAMETERS),
    ("get", "/api/products/facets"): Described(
        FACETS,
        query=LIST_PARAMETERS,
        text="Values are what the pages' filters take; those without products are left out.",
    ),
    ("options", "/api/products"): Described(
        {"name": "Products", "filter_classes": [{"name": "status"}], "filterset": [], "search": ["display_name"]}
    ),
    ("post", "/api/products"): Described(
        {**PRODUCT, "status": 0, "product_status": "Registering"},
        {"display_name": "VVDS final release", "product_type": 1, "visibility": "groups", "groups": ["photo-z.club"]},
        ProductBody,
        text="The product is a draft until its files are sent, its columns described, and it is published.",
    ),
    ("get", "/api/products/pending_publication"): Described({"product": PRODUCT}),
    ("get", _P): Described(PRODUCT),
    ("patch", _P): Described(_SHARED, {"description": "Redshifts.", "status": 1}, ProductPatch, text=_MORE),
    ("put", _P): Described(_SHARED, {"description": "Redshifts."}, ProductPatch, text=_MORE),
    ("delete", _P): Described(text="It can be restored for a while; see /api/deleted-products."),
    ("get", f"{_P}/main_file_info"): Described(MAIN_FILE_INFO),
    ("post", f"{_P}/publish"): Described(
        _SHARED, text="202 while rows are prepared; 406 when mandatory columns have no meaning yet."
    ),
    ("get", f"{_P}/process_config"): Described({"config": {"crossmatch": {"radius_arcsec": 1.0}}}),
    ("get", "/api/product-files"): Described(listed(FILE)),
    ("get", "/api/product-files/{file_id}"): Described(FILE),
    ("post", "/api/product-files"): Described(
        FILE,
        body={
            "product": "Number of the product; before the file.",
            "role": "0 main, 1 description, 2 auxiliary; before the file.",
            "file": "The file.",
        },
        form=True,
    ),
    ("put", f"{_P}/files/{{name}}"): Described(FILE, text="The body is the file itself; role is main or auxiliary."),
    ("post", f"{_P}/inspect"): Described(INSPECTION),
    ("get", f"{_P}/inspection"): Described(INSPECTION, text="wait: seconds to wait for its end, 60 at most."),
    ("get", f"{_P}/registry"): Described(PRODUCT),
    ("post", f"{_P}/registry"): Described(PRODUCT),
    ("get", f"{_P}/read_data"): Described(READ_DATA),
    ("get", "/api/product-contents"): Described(listed(COLUMN)),
    ("get", "/api/product-contents/{column_id}"): Described(COLUMN),
    ("patch", "/api/product-contents/{column_id}"): Described(
        COLUMN,
        {"ucd": "pos.eq.ra;meta.main", "alias": "RA"},
        {"ucd": "UCD1+ of the column; empty for none.", "alias": "Its meaning or a free name; empty for none."},
    ),
    ("put", f"{_P}/columns"): Described(
        listed(COLUMN),
        {"ALPHA": "ra", "DELTA": "dec", "Z": "z"},
        {"(name of a column)": "Key of a meaning (/api/meanings), or a free name."},
    ),
    ("get", "/api/meanings"): Described(listed({"key": "ra", "alias": "RA", "ucd": "pos.eq.ra;meta.main"})),
    **{
        (method, f"{_P}/download/{part}{step}"): Described(ARCHIVE)
        for part in ("", "main-file/")
        for method, step in (("post", "prepare"), ("get", "status"))
    },
    ("get", f"{_P}/provenance"): Described(PROVENANCE, text="PROV-JSON, or a VOTable with RESPONSEFORMAT=votable."),
    ("get", f"{_P}/citation"): Described(f"{CITATION}\n", media=_TEXT, text="format=bibtex gives an entry for BibTeX."),
    ("get", f"{_P}/downloads"): Described({"product": 12, "downloads": 4}),
    ("get", "/api/pipelines"): Described(listed(PIPELINE)),
    ("get", "/api/pipelines/{number}"): Described(PIPELINE),
    ("get", "/api/processes"): Described(listed(PROCESS)),
    ("get", "/api/processes/{number}"): Described({**PROCESS, "warnings": []}, text=_WARNED),
    ("post", "/api/processes"): Described(
        {**PROCESS, "warnings": []},
        {"display_name": "My training set", "pipeline": 1, "inputs": [12], "release": 1, "used_config": {"param": {}}},
        {
            "display_name": "Name of the product that is made.",
            "pipeline": "Number of the pipeline.",
            "inputs": "Numbers or internal names of products, or vos: addresses.",
            "release": "Number of the release, where the pipeline needs one.",
            "used_config": 'Parameters as {"param": {…}}; an object, or its JSON as text.',
        },
    ),
    ("post", "/api/processes/{number}/stop"): Described(PROCESS),
    ("get", "/api/processes/{number}/stop"): Described(PROCESS),
    ("get", "/api/groups"): Described(listed(GROUP)),
    ("post", "/api/groups"): Described(GROUP, {"name": "photo-z.club", "description": "Fridays"}, GroupBody),
    ("get", "/api/groups/{group_id}"): Described(GROUP),
    ("patch", "/api/groups/{group_id}"): Described(GROUP, {"description": "Fridays"}, GroupPatch),
    ("put", "/api/groups/{group_id}/members/{user}"): Described(GROUP, {"is_manager": True}, MemberBody),
    ("put", f"{_P}/co-owners/{{user}}"): Described(_SHARED, text=_WARNED),
    ("post", f"{_P}/transfer"): Described(_SHARED, {"user": "wei", "stay": True}, TransferBody),
    ("get", f"{_P}/links"): Described(listed(LINK)),
    ("post", f"{_P}/links"): Described(
        {**LINK, "url": "https://photoz.example.org/shared/…", "warnings": []},
        {"days": 14, "note": "referee of paper II"},
        LinkBody,
    ),
    ("get", f"{_P}/versions"): Described({"previous": None, "newer": [PRODUCT]}),
    ("post", f"{_P}/new_version"): Described({**PRODUCT, "status": 0, "previous_version": 12}),
    ("get", "/api/deleted-products"): Described(listed(DELETED)),
    ("post", "/api/deleted-products/{product_id}/restore"): Described(PRODUCT),
    ("get", "/api/usage"): Described({"products": 4, "used_bytes": 1_200_000_000, "quota_bytes": 50_000_000_000}),
    ("get", "/which_environment"): Described({"enviroment_name": "Photo-z Server", "is_dev": False}),
}
