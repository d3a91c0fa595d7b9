"""Models of the responses of the REST API: frozen dataclasses, made from JSON with ``from_json``.

A test compares them with the OpenAPI document of the server.
"""

from pzserver.models.accounts import Group, IssuedLink, IssuedToken, Link, LoggedUser, Member, SignIn, Token, User
from pzserver.models.base import Json, Model
from pzserver.models.files import (
    Archive,
    Column,
    ColumnAssociation,
    ColumnMeaning,
    Inspection,
    MainFile,
    PartialUpload,
    ProductFile,
    ProductWithMainFile,
    TableOptions,
)
from pzserver.models.processes import Pipeline, Process, StartedProcess, UsedConfig
from pzserver.models.products import (
    Author,
    Award,
    DeletedProduct,
    Facet,
    Facets,
    Keyword,
    Product,
    ProductType,
    ProductVersions,
    RelatedResource,
    Release,
    ReleaseChoice,
    SharedProduct,
    Usage,
)

__all__ = [
    "Archive",
    "Author",
    "Award",
    "Column",
    "ColumnAssociation",
    "ColumnMeaning",
    "DeletedProduct",
    "Facet",
    "Facets",
    "Group",
    "Inspection",
    "IssuedLink",
    "IssuedToken",
    "Json",
    "Keyword",
    "Link",
    "LoggedUser",
    "MainFile",
    "Member",
    "Model",
    "PartialUpload",
    "Pipeline",
    "Process",
    "Product",
    "ProductFile",
    "ProductType",
    "ProductVersions",
    "ProductWithMainFile",
    "RelatedResource",
    "Release",
    "ReleaseChoice",
    "SharedProduct",
    "SignIn",
    "StartedProcess",
    "TableOptions",
    "Token",
    "Usage",
    "UsedConfig",
    "User",
]
