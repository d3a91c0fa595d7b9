"""Descriptions of the operations of accounts, tokens, groups, sign-in, and of the server."""

from collections.abc import Mapping

from webui.api.bodies import CuratedBody, GroupBody, GroupPatch, MemberBody
from webui.api.models.accounts import (
    Environment,
    Group,
    IssuedToken,
    LoggedUser,
    SignIn,
    Token,
    TokenSecret,
    User,
)
from webui.api.models.base import Listed
from webui.api.models.products import CuratedPage
from webui.api.openapi.descriptions import TEXT, OperationDoc
from webui.api.openapi.examples import CURATED, GROUP, SIGN_IN, TOKEN, USER, listed

__all__ = ["ACCOUNT_OPERATIONS"]

_PASSWORD = {"username": "Name of the account.", "password": "Its password, or one of its tokens."}
_SIGN_IN = {"username": "maria", "password": "…"}
_ENDED = "What was made with it ends as well."

#: Operations by method and path.
ACCOUNT_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api"): OperationDoc(
        "Clients check their token here: the status is 401 without valid credentials.",
        {"products": "https://photoz.example.org/api/products/"},
        dict[str, str],
    ),
    ("get", "/which_environment"): OperationDoc(
        "The name is the one in the head of the pages; no credentials are needed.",
        {"enviroment_name": "Photo-z Server", "is_dev": False},
        Environment,
    ),
    ("get", "/api/users"): OperationDoc(
        "Administrators see all accounts. E-mail addresses are never returned.", listed(USER), Listed[User]
    ),
    ("get", "/api/users/{user_id}"): OperationDoc("One of the accounts that the list has.", USER, User),
    ("post", "/api/logged_user"): OperationDoc(
        "The scope is that of the credentials of this request.",
        {"username": "maria", "is_admin": False, "scope": "write"},
        LoggedUser,
    ),
    ("get", "/api/logout"): OperationDoc(
        "The session of the browser ends. Tokens stay valid. Requests of other sites have no effect.",
        model=type(None),
    ),
    ("get", "/api/tokens"): OperationDoc("The secret of a token is shown only once.", listed(TOKEN), Listed[Token]),
    ("post", "/api/tokens"): OperationDoc(
        "A token made with a token does not live longer, has no wider scope, and ends with it.",
        {**TOKEN, "token": "pz-…"},
        IssuedToken,
        body={"name": "What the token is for.", "scope": "read, write or admin.", "days": "Lifetime in days."},
        required=("name",),
        sent={"name": "notebook on my laptop", "scope": "write", "days": 90},
    ),
    ("delete", "/api/tokens/{token_id}"): OperationDoc(f"The token is not valid any more. {_ENDED}"),
    ("get", "/api/sign-ins"): OperationDoc(
        "Sign-ins of browsers and of VO clients, without the values of their cookies.", listed(SIGN_IN), Listed[SignIn]
    ),
    ("delete", "/api/sign-ins/{session_id}"): OperationDoc(f"The cookie is not valid any more. {_ENDED}"),
    ("post", "/api/get_token"): OperationDoc("For clients of today's server.", {"token": "pz-…"}, TokenSecret),
    ("post", "/api/obtain_token"): OperationDoc(
        "For clients of today's server, which expect 400 when name and password do not match.",
        {"token": "pz-…"},
        TokenSecret,
        body={"username": "Name of the account.", "password": "Its password."},
        required=("username", "password"),
        sent=_SIGN_IN,
    ),
    ("post", "/api/sign-in/cookie"): OperationDoc(
        "The cookie has the same effect as that of the browser.",
        "maria\n",
        media=(TEXT,),
        body=_PASSWORD,
        required=("username", "password"),
        sent=_SIGN_IN,
    ),
    ("post", "/api/sign-in/token"): OperationDoc(
        "The token is valid for a week, and also in X-VO-Bearer.",
        "pz-…\n",
        media=(TEXT,),
        body=_PASSWORD,
        required=("username", "password"),
        sent=_SIGN_IN,
    ),
    ("get", "/api/groups"): OperationDoc("Each group with its members.", listed(GROUP), Listed[Group]),
    ("post", "/api/groups"): OperationDoc(
        "Names of groups are unique on the server.",
        GROUP,
        Group,
        body=GroupBody,
        sent={"name": "photo-z.club", "description": "Fridays"},
    ),
    ("get", "/api/groups/{group_id}"): OperationDoc("Members and administrators see a group.", GROUP, Group),
    ("patch", "/api/groups/{group_id}"): OperationDoc(
        "Managers of the group change it.", GROUP, Group, body=GroupPatch, sent={"description": "Fridays"}
    ),
    ("delete", "/api/groups/{group_id}"): OperationDoc(
        "What was shared with the group stays with its owners, and is shared with its members no more."
    ),
    ("put", "/api/groups/{group_id}/members/{user}"): OperationDoc(
        "Managers of the group add members.", GROUP, Group, body=MemberBody, sent={"is_manager": True}
    ),
    ("delete", "/api/groups/{group_id}/members/{user}"): OperationDoc(
        "Managers remove others; everybody may leave. A group keeps at least one manager."
    ),
    ("get", "/api/curated"): OperationDoc("The page /curated as Markdown; anybody may read it.", CURATED, CuratedPage),
    ("put", "/api/curated"): OperationDoc(
        "For administrators. With version, the text is stored only if nobody has changed that version.",
        CURATED,
        CuratedPage,
        body=CuratedBody,
        sent={"text": "# Curated datasets\n", "version": 3},
    ),
}
