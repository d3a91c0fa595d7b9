"""Descriptions of the operations of survey catalogues."""

from collections.abc import Mapping

from webui.api.bodies import CatalogueBody, CataloguePatch
from webui.api.models.base import Listed
from webui.api.models.catalogues import Catalogue
from webui.api.openapi.descriptions import OperationDoc
from webui.api.openapi.examples import CATALOGUE, listed

__all__ = ["CATALOGUE_OPERATIONS"]

_ONE = "/api/catalogues/{name}"
_ADMINISTRATORS = "For administrators."

#: Operations by method and path.
CATALOGUE_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api/catalogues"): OperationDoc(_ADMINISTRATORS, listed(CATALOGUE), Listed[Catalogue]),
    ("post", "/api/catalogues"): OperationDoc(
        f"The metadata of the catalogue are read; its partitions are not. {_ADMINISTRATORS}",
        CATALOGUE,
        Catalogue,
        body=CatalogueBody,
        sent={"name": "dp1", "url": "s3://surveys/dp1", "visibility": "groups", "groups": ["photo-z.club"]},
    ),
    ("get", _ONE): OperationDoc(_ADMINISTRATORS, CATALOGUE, Catalogue),
    ("patch", _ONE): OperationDoc(
        "Fields that are left out keep their values.",
        CATALOGUE,
        Catalogue,
        body=CataloguePatch,
        sent={"visibility": "public"},
    ),
    ("post", f"{_ONE}/refresh"): OperationDoc(
        "For catalogues to which partitions or columns were added.", CATALOGUE, Catalogue
    ),
    ("delete", _ONE): OperationDoc("The files of the catalogue stay as they are."),
}
