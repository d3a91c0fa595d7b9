"""Administration of survey catalogues: list, register, change, refresh, remove."""

from functools import partial

from fastapi import APIRouter, Depends, Response

from core.auth.administration import require_admin
from core.auth.models import Identity
from core.errors import InvalidValueError
from products.models import Visibility
from tap.metadata.survey_catalogues.models import CatalogueValues, SurveyCatalogue
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.products.visibility import chosen_groups
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("name", "url", "description", "visibility", "groups", "ra", "dec", "metadata", "release")
_LIST = "/admin/catalogues"


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of survey catalogues, and the forms that register and change one."""
    authenticate = services.authenticate

    page = partial(_page, services, renderer)

    @router.get(_LIST)
    def list_catalogues(identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        return renderer.page("admin/catalogues.html", identity, catalogues=services.tap.catalogues.all(identity))

    @router.get("/admin/new-catalogue")
    def new(identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        return page(identity, None, FormState({"visibility": Visibility.REGISTERED}))

    @router.post("/admin/new-catalogue")
    def add(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        require_admin(identity)
        name, url = fields.get("name", "").strip(), fields.get("url", "").strip()
        return save_or_show(
            lambda: services.tap.catalogues.add(identity, name, url, _values_of(fields)),
            lambda form: page(identity, None, form),
            fields,
            _FIELDS,
            then=_LIST,
        )

    @router.get("/admin/catalogues/{name}")
    def one(name: str, identity: Identity = Depends(authenticate)) -> Response:
        known = services.tap.catalogues.find(identity, name)
        return page(identity, known, FormState(_fields_of(known)))

    @router.post("/admin/catalogues/{name}")
    def change(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        known = services.tap.catalogues.find(identity, name)
        return save_or_show(
            lambda: services.tap.catalogues.change(identity, name, _values_of(fields)),
            lambda form: page(identity, known, form),
            fields,
            _FIELDS,
            then=_LIST,
        )

    @router.post("/admin/catalogues/{name}/refresh")
    def refresh(name: str, identity: Identity = Depends(authenticate)) -> Response:
        services.tap.catalogues.refresh(identity, name)
        return see_other(_LIST)

    @router.post("/admin/catalogues/{name}/remove")
    def remove(name: str, identity: Identity = Depends(authenticate)) -> Response:
        services.tap.catalogues.remove(identity, name)
        return see_other(_LIST)


def _page(
    services: WebServices, renderer: PageRenderer, identity: Identity, known: SurveyCatalogue | None, form: FormState
) -> Response:
    return renderer.form(
        "admin/catalogue.html",
        identity,
        form,
        catalogue=known,
        groups=sorted({group.name for group in services.accounts.groups.groups(identity)}),
        places=services.settings.catalogue_places,
        releases=[stored.release for stored in services.products.releases.all(identity)],
    )


def _fields_of(known: SurveyCatalogue) -> dict[str, str]:
    values = {"name": known.name, "url": known.url, "description": known.description, "visibility": known.visibility}
    values["release"] = known.release
    return values | {f"group:{name}": "1" for name in known.groups}


def _values_of(fields: dict[str, str]) -> CatalogueValues:
    given = fields.get("visibility", "")
    if given not in set(Visibility):
        raise InvalidValueError("Choose who may read the catalogue.", field="visibility")
    return CatalogueValues(
        description=fields.get("description", ""),
        visibility=Visibility(given),
        groups=chosen_groups(fields),
        ra=fields.get("ra", "").strip(),
        dec=fields.get("dec", "").strip(),
        metadata=fields.get("metadata", "").strip(),
        release=fields.get("release", ""),
    )
