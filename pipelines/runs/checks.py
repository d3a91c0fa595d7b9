"""Checks of a run before it is queued: access, types and columns of inputs, parameters.

The job repeats all checks, and only there are the columns of files in the VOSpace known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.declarations import InputSlot
from pipelines.inputs.catalogue_folders import Address, is_remote
from pipelines.inputs.configuration import PipelineConfiguration
from pipelines.inputs.lookup import Inputs, InspectInput, RunInput
from pipelines.inputs.made_files import FactsOf
from pipelines.inputs.vospace_files import InputNodes
from pipelines.models import AnyPipeline, RunInputs, RunRequest
from pipelines.runs.requests import checked_request
from products.models import Product, ProductStatus, Release, Visibility
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from products.service import ProductService

__all__ = ["CheckedRun", "RunChecker"]

_MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A checked request, with its pipeline, inputs and configuration."""

    pipeline: AnyPipeline
    request: RunRequest
    configuration: PipelineConfiguration
    inputs: RunInputs

    @property
    def must_be_private(self) -> bool:
        """Whether the result is private because an input is not open to every registered user."""
        return not all(each.is_open or self._is_of_release(each) for each in self.inputs.all)

    def _is_of_release(self, each: RunInput) -> bool:
        """Return whether an input is closed by its release alone, which closes the result as well."""
        release = None if each.product is None else each.product.release
        own = self.inputs.release
        if each.product is None or each.product.is_hidden or release is None or own is None or release.id != own.id:
            return False
        return each.product.visibility in {Visibility.REGISTERED, Visibility.PUBLIC}


class RunChecker:
    """Checker of requests, with the access rights of the user.

    Parameters
    ----------
    nodes
        Finds what ``vos:`` addresses lead to.
    datasets
        Folder of the object catalogues of releases, if the server has any.
    facts_of
        Returns what was recorded of a file that a run of this server made.
    """

    def __init__(
        self, products: ProductService, nodes: InputNodes, datasets: Path | None, facts_of: FactsOf | None = None
    ) -> None:
        self._products = products
        self._inputs = Inputs(products, nodes, facts_of)
        self._datasets = datasets

    def check(
        self, identity: Identity, pipeline: AnyPipeline, request: RunRequest, inspect: InspectInput | None = None
    ) -> CheckedRun:
        """Check a request.

        Parameters
        ----------
        inspect
            Returns the columns of files in the VOSpace; without it the configuration has only those in the
            request.

        Raises
        ------
        InvalidValueError
            Names the parameter that is not valid.
        """
        request, slot = checked_request(pipeline, request), pipeline.inputs
        if not request.inputs:
            raise InvalidValueError(f"Choose {slot.one}: the inputs are missing.", field="inputs")
        catalogues = self._inputs.find(
            identity, request.inputs, slot.product_types, "inputs", request.columns, inspect
        )  # fmt: skip
        request = self._with_objects_of_release(identity, pipeline, request)
        objects = self._objects(identity, pipeline, request, inspect)
        _refuse_columns_of_others(request, (*catalogues, *objects))
        _refuse_objects(pipeline, request)
        _check_number(pipeline, len(catalogues))
        inputs = self._run_inputs(identity, pipeline, request, catalogues, next(iter(objects), None))
        return CheckedRun(pipeline, request, pipeline.configure(request, inputs), inputs)

    def check_addresses(self, request: RunRequest) -> None:
        """Check that the inputs name nothing of another server; what they name is not looked up."""
        for reference in (*request.inputs, *([] if request.objects is None else [request.objects])):
            self._inputs.check_address(reference)

    def release(self, identity: Identity, name: str) -> Release:
        """Return a release that the identity can see, by its name or number."""
        for release in self._products.releases(identity):
            if name in {release.name, str(release.id)}:
                return release
        raise InvalidValueError(f"There is no release '{name[:100]}'.", field="release")

    def catalogue_of(self, release: Release) -> Address | None:
        """Return the folder of the object catalogue of a release, or its URL in the file ``{release}.url``."""
        if self._datasets is None:
            return None
        folder, link = self._datasets / release.name, self._datasets / f"{release.name}.url"
        if folder.is_dir():
            return folder
        if not link.is_file():
            return None
        url = link.read_text("utf-8").strip().rstrip("/")
        return url if is_remote(url) else None

    def catalogue_products_of(self, identity: Identity, release: Release, slot: InputSlot) -> tuple[Product, ...]:
        """Return the products that can serve as the catalogue of a release: the newest official one, else all."""
        return self._catalogue_products(identity, (release,), slot).get(release.id, ())

    def releases_with_objects(self, identity: Identity, slot: InputSlot) -> tuple[Release, ...]:
        """Return the releases that have a folder of catalogues, or one product that serves as their catalogue."""
        releases = self._products.releases(identity)
        others = tuple(release for release in releases if self.catalogue_of(release) is None)
        products = self._catalogue_products(identity, others, slot)
        unserved = {release.id for release in others if len(products.get(release.id, ())) != 1}
        return tuple(release for release in releases if release.id not in unserved)

    def _catalogue_products(
        self, identity: Identity, releases: Sequence[Release], slot: InputSlot
    ) -> Mapping[int, tuple[Product, ...]]:
        """Return the products that can serve as the catalogues of releases, by the numbers of these."""
        if not releases:
            return {}
        query = ProductQuery(
            product_types=tuple(product_type_by_name(name).id for name in slot.product_types),
            releases=tuple(release.id for release in releases),
            statuses=(ProductStatus.PUBLISHED,),
            ordering="-id",
        )
        found: dict[int, list[Product]] = {}
        for product in self._products.list(identity, query).products:
            if product.release is not None:
                found.setdefault(product.release.id, []).append(product)
        return {
            number: tuple([each for each in products if each.official][:1] or products)
            for number, products in found.items()
        }

    def _with_objects_of_release(self, identity: Identity, pipeline: AnyPipeline, request: RunRequest) -> RunRequest:
        """Name the product that has the objects of a release without a folder of catalogues."""
        slot = pipeline.objects
        if slot is None or not slot.takes_release or request.release is None or request.objects is not None:
            return request
        release = self.release(identity, request.release)
        if self.catalogue_of(release) is not None:
            return request
        found = self.catalogue_products_of(identity, release, slot)
        if not found:
            raise InvalidValueError(
                f"This server has no {slot.noun} of the release {release.display_name}; choose a product of type "
                f"{_types_of(slot)}.",
                field="release",
            )
        if len(found) > 1:
            raise InvalidValueError(
                f"The release {release.display_name} has several products of type {_types_of(slot)}; choose one of "
                f"{', '.join(each.internal_name for each in found[:_MOST_NAMES])}.",
                field="release",
            )
        return request.model_copy(update={"objects": found[0].internal_name})

    def _objects(
        self, identity: Identity, pipeline: AnyPipeline, request: RunRequest, inspect: InspectInput | None
    ) -> tuple[RunInput, ...]:
        slot = pipeline.objects
        if request.objects is None or slot is None:
            return ()
        return self._inputs.find(identity, [request.objects], slot.product_types, "objects", request.columns, inspect)

    def _run_inputs(
        self,
        identity: Identity,
        pipeline: AnyPipeline,
        request: RunRequest,
        catalogues: tuple[RunInput, ...],
        objects: RunInput | None,
    ) -> RunInputs:
        slot = pipeline.objects
        if slot is None:
            return RunInputs(catalogues)
        release = None if request.release is None else self.release(identity, request.release)
        if objects is not None:
            made_with = release or (None if objects.product is None else objects.product.release)
            return RunInputs(catalogues, objects, made_with)
        if release is not None:
            return RunInputs(catalogues, None, release, self.catalogue_of(release))
        if slot.minimum:
            choices = f"a product of type {_types_of(slot)}{', or a release' if slot.takes_release else ''}"
            raise InvalidValueError(f"Choose {slot.one}: {choices}.", field="objects")
        return RunInputs(catalogues)


def _refuse_columns_of_others(request: RunRequest, inputs: Sequence[RunInput]) -> None:
    known = {request.objects, *request.inputs, *(each.name for each in inputs), *(each.address for each in inputs)}
    if unknown := sorted(request.columns.keys() - known):
        raise InvalidValueError(f"COLUMNS names {unknown[0]}, which is not an input.", field="columns")


def _refuse_objects(pipeline: AnyPipeline, request: RunRequest) -> None:
    slot = pipeline.objects
    taken = {
        "objects": slot is not None,
        "release": slot is not None and slot.takes_release,
        "rules": pipeline.rules is not None,
    }
    for field, is_taken in taken.items():
        if getattr(request, field) is not None and not is_taken:
            raise InvalidValueError(f"{pipeline.display_name} takes no {field}.", field=field)


def _check_number(pipeline: AnyPipeline, number: int) -> None:
    slot, name = pipeline.inputs, pipeline.display_name
    if slot.maximum is not None and number > slot.maximum:
        most = f"one {slot.noun}" if slot.maximum == 1 else f"at most {slot.maximum} {slot.plural}"
        advice = f"; {slot.if_too_many}" if slot.if_too_many else ""
        raise InvalidValueError(f"{name} takes {most}, not {number}{advice}.", field="inputs")
    if number < slot.minimum:
        raise InvalidValueError(f"{name} takes at least {slot.minimum} {slot.plural}, not {number}.", field="inputs")


def _types_of(slot: InputSlot) -> str:
    return " or ".join(product_type_by_name(name).display_name for name in slot.product_types)
