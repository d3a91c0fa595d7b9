"""The form that runs a pipeline: its choice of inputs, its parameters, and the request that it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Response

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.declarations import InputSlot
from pipelines.models import AnyPipeline, RunRequest
from pipelines.outputs import OUTPUT_LABELS
from pipelines.runs.preview import RunPreview
from pipelines.runs.requests import request_of_parameters
from products.models import Product, ProductStatus, Release, Visibility
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from vospace.storage import HOME
from webui.pages.forms import FormState
from webui.pages.pipelines.parameter_fields import entered_parameters, parameter_fields
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["RunForm", "entered_values", "field_of_error", "run_request"]

_OWN = {"display_name": "NAME", "description": "DESCRIPTION", "visibility": "VISIBILITY", "output_format": "FORMAT"}
#: Fields of the form with inputs: selected products, and URIs of files.
_INPUTS = ("inputs", "files")
_FIELDS = (
    "display_name", "description", "inputs", "objects", "visibility", "output_format", "RULES", "CONFIGURATION",
    "COLUMNS", "PARAM", "preset_name",
)  # fmt: skip
#: Files of the form, whose text is kept when the form is shown again.
_FILES = ("RULES", "CONFIGURATION")
_PAGE_SIZE = 25
_MOST_OBJECTS = 200
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Products to choose inputs from: those that are chosen, and a page of those that a search finds."""

    chosen: tuple[Product, ...]
    found: tuple[Product, ...]
    count: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages."""
        return max(1, -(-self.count // _PAGE_SIZE))


class RunForm:
    """The page with the form of a pipeline."""

    def __init__(self, services: WebServices, renderer: PageRenderer) -> None:
        self._services = services
        self._renderer = renderer

    def show(
        self, identity: Identity, pipeline: AnyPipeline, form: FormState, preview: RunPreview | None = None
    ) -> Response:
        """Render the form with the values that it has."""
        fields, given = parameter_fields(pipeline), [part.strip() for part in form.value("inputs").split(";")]
        services = self._services
        return self._renderer.form(
            "pipelines/run_form.html",
            identity,
            form,
            pipeline=pipeline,
            preview=preview,
            presets=services.pipelines.presets.list(identity, pipeline),
            chooser=self._chooser(identity, pipeline.inputs, given, form),
            addresses="; ".join(part for part in given if part.lower().startswith("vos:")),
            home=services.vospace.nodes.uris.of((HOME, identity.name or "")),
            objects=self._objects(identity, pipeline, form.value("objects")),
            releases=self._releases(identity, pipeline),
            fields=[field for field in fields if not field.advanced],
            advanced=[field for field in fields if field.advanced],
            formats=OUTPUT_LABELS.items(),
            visibilities=[each for each in Visibility if each is not Visibility.GROUPS],
        )

    def _chooser(self, identity: Identity, slot: InputSlot, given: Sequence[str], form: FormState) -> _Chooser:
        page = form.value("page", "1")
        number = int(page) if page.isascii() and page.isdecimal() and 0 < len(page) <= _MAX_DIGITS else 1
        chosen = self._chosen(identity, slot, given)
        query = ProductQuery(
            product_types=_types_of(slot),
            statuses=(ProductStatus.PUBLISHED,),
            text=form.value("search").strip(),
            ordering="display_name",
            offset=(max(number, 1) - 1) * _PAGE_SIZE,
            limit=_PAGE_SIZE,
        )
        found = self._services.products.service.list(identity, query)
        numbers = {product.id for product in chosen}
        others = tuple(product for product in found.products if product.id not in numbers)
        return _Chooser(chosen, others, found.count, max(number, 1))

    def _chosen(self, identity: Identity, slot: InputSlot, given: Sequence[str]) -> tuple[Product, ...]:
        numbers = tuple(int(part) for part in given if _is_number(part))
        names = tuple(part for part in given if part and not _is_number(part) and ":" not in part)
        found: dict[int, Product] = {}
        for restricted in (ProductQuery(numbers=numbers), ProductQuery(internal_names=names)):
            if restricted.numbers or restricted.internal_names:
                page = self._services.products.service.list(identity, restricted)
                found |= {product.id: product for product in page.products}
        types = _types_of(slot)
        chosen = [product for product in found.values() if product.product_type.id in types]
        place = {part: number for number, part in enumerate(given)}
        keys = {p.id: min(place.get(key, len(place)) for key in (str(p.id), p.internal_name)) for p in chosen}
        return tuple(sorted(chosen, key=lambda product: keys[product.id]))

    def _objects(self, identity: Identity, pipeline: AnyPipeline, chosen: str) -> tuple[Product, ...]:
        """Return the products to choose objects from, the newest, and the one that is chosen."""
        if pipeline.objects is None:
            return ()
        query = ProductQuery(
            product_types=_types_of(pipeline.objects), statuses=(ProductStatus.PUBLISHED,), limit=_MOST_OBJECTS
        )
        newest = self._services.products.service.list(identity, query).products
        listed = sorted(newest, key=lambda product: product.display_name.lower())
        kind, _, key = chosen.partition(":")
        if kind != "product" or any(key == str(product.id) for product in listed):
            return tuple(listed)
        return (*self._chosen(identity, pipeline.objects, [key]), *listed)

    def _releases(self, identity: Identity, pipeline: AnyPipeline) -> list[Release]:
        """Return the releases whose object catalogues the pipeline may read."""
        if pipeline.objects is None or not pipeline.objects.takes_release:
            return []
        checker, releases = self._services.pipelines.checker, self._services.products.service.releases(identity)
        return [release for release in releases if checker.catalogue_of(release) is not None]


def entered_values(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the values of a submitted form; the texts of its files stay when it is shown again."""
    values = dict(pairs)
    given = [part.strip() for name, value in pairs if name in _INPUTS for part in value.split(";")]
    values["inputs"] = ";".join(dict.fromkeys(part for part in given if part))
    for name in _FILES:
        values[f"{name}_TEXT"] = values.pop(name, "").strip() or values.get(f"{name}_TEXT", "").strip()
    return values


def field_of_error(pipeline: AnyPipeline, location: str | None) -> str | None:
    """Return the form field of an error: the parameter that has the value, or contains it."""
    fields = [*_FIELDS, *(field.name for field in parameter_fields(pipeline))]
    return next((name for name in fields if location == name or (location or "").startswith(f"{name}.")), None)


def run_request(pipeline: AnyPipeline, values: Mapping[str, str], *, needs_inputs: bool = True) -> RunRequest:
    """Return the request of a submitted form.

    Raises
    ------
    InvalidValueError
        A value is invalid; the field is named.
    """
    given = entered_parameters(pipeline, values)
    given |= {parameter: values[name].strip() for name, parameter in _OWN.items() if values.get(name, "").strip()}
    given |= {name: values[name] for name in ("COLUMNS", "PARAM") if values.get(name, "").strip()}
    given |= {name: values[f"{name}_TEXT"] for name in _FILES if values.get(f"{name}_TEXT", "").strip()}
    if values.get("inputs"):
        given["INPUTS"] = values["inputs"]
    kind, _, key = values.get("objects", "").partition(":")
    if file := values.get("objects_file", "").strip():
        if key:
            raise InvalidValueError("Choose a listed object catalogue or enter a file, not both.", field="objects")
        given["OBJECTS"] = file
    if key and kind in {"product", "release"}:
        given["OBJECTS" if kind == "product" else "RELEASE"] = key
    is_missing = not given.get("INPUTS") and not given.get("CONFIGURATION")
    if needs_inputs and pipeline.inputs.maximum != 1 and is_missing:
        raise InvalidValueError("Choose at least one catalogue.", field="inputs")
    return request_of_parameters(pipeline, given)


def _types_of(slot: InputSlot) -> tuple[int, ...]:
    return tuple(product_type_by_name(name).id for name in slot.product_types)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
