"""All that can be found wrong with a run before it is queued: access, types and columns of inputs, parameters.

Columns of files in the VOSpace, which nobody looked into before, are told by the job, which checks all of it again.
"""

from dataclasses import dataclass
from pathlib import Path

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.combine.configuration import CombineConfiguration
from pipelines.configurations import combine_configuration, training_configuration
from pipelines.input_files import InputNodes
from pipelines.inputs import Inputs, Look, RunInput
from pipelines.models import Pipeline, RunRequest
from pipelines.requests import checked_request
from pipelines.training.configuration import TrainingSetConfiguration
from pipelines.training.hats import release_catalog
from products.models import Release, Visibility
from products.service import ProductService

__all__ = ["CheckedRun", "RunChecker"]


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A run that can be queued.

    Parameters
    ----------
    redshifts
        The redshift catalogues.
    objects
        The object catalogue, or none when it is that of the release.
    release, release_path
        The release that the result belongs to, and the folder of its object catalogue where that is used.
    """

    pipeline: Pipeline
    request: RunRequest
    configuration: CombineConfiguration | TrainingSetConfiguration
    redshifts: tuple[RunInput, ...]
    objects: RunInput | None
    release: Release | None
    release_path: Path | None

    @property
    def inputs(self) -> tuple[RunInput, ...]:
        """All that the run reads, but for the catalogue of a release."""
        return self.redshifts if self.objects is None else (*self.redshifts, self.objects)

    @property
    def must_be_private(self) -> bool:
        """Whether the result is private because an input is not open to every registered user."""
        return not all(each.is_open or self._is_of_release(each) for each in self.inputs)

    def _is_of_release(self, each: RunInput) -> bool:
        """Say whether an input is closed by its release alone, which closes the result as well."""
        release = None if each.product is None else each.product.release
        if each.product is None or release is None or self.release is None or release.id != self.release.id:
            return False
        return each.product.visibility in {Visibility.REGISTERED, Visibility.PUBLIC}


class RunChecker:
    """Checks what users ask for, as they are: what they may not read is not there.

    Parameters
    ----------
    nodes
        Finds what ``vos:`` addresses lead to.
    datasets
        Folder of the object catalogues of releases, if the server has any.
    """

    def __init__(self, products: ProductService, nodes: InputNodes, datasets: Path | None) -> None:
        self._products = products
        self._inputs = Inputs(products, nodes)
        self._datasets = datasets

    def check(
        self, identity: Identity, pipeline: Pipeline, request: RunRequest, look: Look | None = None
    ) -> CheckedRun:
        """Check a request.

        Parameters
        ----------
        look
            Tells the columns of files in the VOSpace; without it the configuration names those alone that were asked
            for.

        Raises
        ------
        InvalidValueError
            With the parameter that is wrong.
        """
        request = checked_request(pipeline, request)
        if not request.inputs:
            raise InvalidValueError("Choose a redshift catalogue: the inputs are missing.", field="inputs")
        redshifts = self._inputs.find(identity, request.inputs, pipeline.accepts, "inputs", request.columns, look)
        objects = self._objects(identity, pipeline, request, look)
        _refuse_columns_of_others(request, (*redshifts, *objects))
        if not pipeline.has_objects:
            self._refuse_objects(pipeline, request)
            configuration = combine_configuration(request, redshifts)
            return CheckedRun(pipeline, request, configuration, redshifts, None, None, None)
        if len(redshifts) > 1:
            raise InvalidValueError(
                f"{pipeline.display_name} takes one redshift catalogue, not {len(redshifts)}; combine them first.",
                field="inputs",
            )
        return self._with_objects(identity, pipeline, request, redshifts[0], next(iter(objects), None))

    def release(self, identity: Identity, name: str) -> Release:
        """Find a release that the identity may see, by its name or number."""
        for release in self._products.releases(identity):
            if name in {release.name, str(release.id)}:
                return release
        raise InvalidValueError(f"There is no release '{name[:100]}'.", field="release")

    def catalogue_of(self, release: Release) -> Path | None:
        """Give the folder of the object catalogue of a release, if there is one."""
        path = None if self._datasets is None else self._datasets / release.name
        return path if path is not None and path.is_dir() else None

    def _with_objects(
        self,
        identity: Identity,
        pipeline: Pipeline,
        request: RunRequest,
        redshifts: RunInput,
        objects: RunInput | None,
    ) -> CheckedRun:
        release = None if request.release is None else self.release(identity, request.release)
        configuration = training_configuration(request, redshifts, objects)
        if objects is not None:
            _require(configuration, objects)
            made_with = release or (None if objects.product is None else objects.product.release)
            return CheckedRun(pipeline, request, configuration, (redshifts,), objects, made_with, None)
        if release is None:
            raise InvalidValueError(
                "Choose an object catalogue: a product of type Objects Catalog, or a release.", field="objects"
            )
        path = self._release_path(release, request)
        return CheckedRun(pipeline, request, configuration, (redshifts,), None, release, path)

    def _objects(
        self, identity: Identity, pipeline: Pipeline, request: RunRequest, look: Look | None
    ) -> tuple[RunInput, ...]:
        if request.objects is None or not pipeline.has_objects:
            return ()
        return self._inputs.find(identity, [request.objects], ["object_catalog"], "objects", request.columns, look)

    def _release_path(self, release: Release, request: RunRequest) -> Path:
        folder = self.catalogue_of(release)
        if folder is None:
            raise InvalidValueError(
                f"This server has no object catalogue of the release {release.display_name}; choose a product of type "
                "Objects Catalog.",
                field="release",
            )
        param = TrainingSetConfiguration.model_validate({"param": dict(request.param)}).param
        return release_catalog(
            folder, magnitudes=param.convert_flux_to_mag, flux_type=param.flux_type, dereddening=param.dereddening
        )

    @staticmethod
    def _refuse_objects(pipeline: Pipeline, request: RunRequest) -> None:
        for field in ("objects", "release"):
            if getattr(request, field) is not None:
                raise InvalidValueError(f"{pipeline.display_name} takes no {field}.", field=field)


def _refuse_columns_of_others(request: RunRequest, inputs: tuple[RunInput, ...]) -> None:
    known = {request.objects, *request.inputs, *(each.name for each in inputs), *(each.address for each in inputs)}
    if unknown := sorted(request.columns.keys() - known):
        raise InvalidValueError(f"Columns are given for {unknown[0]}, which is no input.", field="columns")


def _require(configuration: TrainingSetConfiguration, objects: RunInput) -> None:
    missing = [column for column in configuration.param.selected_cols if column not in objects.names]
    if missing and objects.names:
        raise InvalidValueError(
            f"The object catalogue {objects.name} has no column '{missing[0]}'; it has "
            f"{', '.join(objects.names[:12])}.",
            field="selected_cols",
        )
