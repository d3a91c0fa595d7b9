"""Administration of releases: list, create, edit, delete."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Response

from core.auth.administration import require_admin
from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.definitions import TRAINING
from products.lifecycle.releases import ReleaseValues, StoredRelease, choices_of_text, text_of_choices
from products.models import Product
from products.service import ProductChanges
from webui.addresses import release_address
from webui.pages.forms import FormState, form_fields, save_or_show, see_other
from webui.pages.products.visibility import chosen_groups
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_FIELDS = ("name", "display_name", "description", "indexing_column", "dereddening", "fluxes", "groups")
_LIST = "/admin/releases"


@dataclass(frozen=True, slots=True)
class _Objects:
    """Where training sets of a release take their objects from.

    Parameters
    ----------
    has_folder
        Whether the release has a folder of catalogues, which comes first.
    products
        The product that serves as object catalogue, or those of which one has to be chosen.
    """

    has_folder: bool
    products: tuple[Product, ...]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the list of releases, and the forms that create and edit one."""
    authenticate, releases = services.authenticate, services.products.releases

    def page(identity: Identity, stored: StoredRelease | None, form: FormState) -> Response:
        groups = sorted({group.name for group in services.accounts.groups.groups(identity)})
        objects = None if stored is None else _objects_of(services, identity, stored)
        tables = () if stored is None else services.tap.catalogues.of_release(identity, stored.release.name)
        return renderer.form(
            "admin/release.html", identity, form, stored=stored, groups=groups, objects=objects, tables=tables
        )

    def save(identity: Identity, fields: dict[str, str], stored: StoredRelease | None) -> Response:
        name = None if stored is None else stored.release.name
        return save_or_show(
            lambda: releases.save(identity, _values_of(fields), name=name),
            lambda form: page(identity, stored, form),
            fields,
            _FIELDS,
            then=_LIST,
        )

    @router.get(_LIST)
    def list_releases(identity: Identity = Depends(authenticate)) -> Response:
        return renderer.page("admin/releases.html", identity, releases=releases.all(identity))

    @router.get("/admin/new-release")
    def new(identity: Identity = Depends(authenticate)) -> Response:
        require_admin(identity)
        return page(identity, None, FormState({"indexing_column": "objectId"}))

    @router.post("/admin/new-release")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        require_admin(identity)
        return save(identity, fields, None)

    @router.get("/admin/releases/{name}")
    def one(name: str, identity: Identity = Depends(authenticate)) -> Response:
        stored = releases.find(identity, name)
        return page(identity, stored, FormState(_fields_of(stored)))

    @router.post("/admin/releases/{name}")
    def change(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        return save(identity, fields, releases.find(identity, name))

    @router.post("/admin/releases/{name}/objects")
    def choose_objects(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        stored = releases.find(identity, name)
        product = _chosen(_objects_of(services, identity, stored).products, fields.get("product", ""))
        services.products.service.change(identity, product.id, ProductChanges(official=True))
        return see_other(release_address(name))

    @router.post("/admin/releases/{name}/delete")
    def delete(name: str, identity: Identity = Depends(authenticate)) -> Response:
        releases.delete(identity, name)
        return see_other(_LIST)


def _objects_of(services: WebServices, identity: Identity, stored: StoredRelease) -> _Objects:
    checker, slot = services.pipelines.checker, TRAINING.objects
    return _Objects(
        checker.catalogue_of(stored.release) is not None,
        checker.catalogue_products_of(identity, stored.release, slot),
    )


def _chosen(products: Sequence[Product], name: str) -> Product:
    for product in products:
        if product.internal_name == name:
            return product
    message = "Choose one of the products of this release that can serve as its object catalogue."
    raise InvalidValueError(message, field="product")


def _fields_of(stored: StoredRelease) -> dict[str, str]:
    release = stored.release
    values = {
        "name": release.name,
        "display_name": release.display_name,
        "description": release.description,
        "indexing_column": release.indexing_column,
        "dereddening": text_of_choices([dict(choice) for choice in release.dereddening or ()]),
        "fluxes": text_of_choices([dict(choice) for choice in release.fluxes or ()]),
    }
    flags = {
        "has_magnitudes": release.has_magnitudes, "has_fluxes": release.has_fluxes, "is_public": release.is_public,
    }  # fmt: skip
    ticked = {key: "1" for key, value in flags.items() if value} | {f"group:{name}": "1" for name in stored.groups}
    return values | ticked


def _values_of(fields: dict[str, str]) -> ReleaseValues:
    return ReleaseValues(
        name=fields.get("name", "").strip(),
        display_name=fields.get("display_name", ""),
        description=fields.get("description", "").replace("\r\n", "\n"),
        indexing_column=fields.get("indexing_column", ""),
        has_magnitudes="has_magnitudes" in fields,
        has_fluxes="has_fluxes" in fields,
        dereddening=choices_of_text(fields.get("dereddening", ""), "dereddening"),
        fluxes=choices_of_text(fields.get("fluxes", ""), "fluxes"),
        is_public="is_public" in fields,
        groups=chosen_groups(fields),
    )
