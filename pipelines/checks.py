"""All that can be found wrong with a run before it is queued: access, types and columns of inputs, parameters."""

from dataclasses import dataclass
from pathlib import Path

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.combine.configuration import CombineConfiguration
from pipelines.configurations import combine_configuration, training_configuration
from pipelines.inputs import InputProduct, Inputs
from pipelines.models import Pipeline, RunRequest
from pipelines.requests import checked_request
from pipelines.training.configuration import TrainingSetConfiguration
from pipelines.training.hats import release_catalog
from products.models import Release
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
        The product that is the object catalogue, or none.
    release, release_path
        The release that the result belongs to, and the folder of its object catalogue where that is used.
    """

    pipeline: Pipeline
    request: RunRequest
    configuration: CombineConfiguration | TrainingSetConfiguration
    redshifts: tuple[InputProduct, ...]
    objects: InputProduct | None
    release: Release | None
    release_path: Path | None

    @property
    def products(self) -> tuple[InputProduct, ...]:
        """All products that the run reads."""
        return self.redshifts if self.objects is None else (*self.redshifts, self.objects)

    @property
    def must_be_private(self) -> bool:
        """Whether the result is private because an input is not open to every registered user."""
        return not all(each.is_open for each in self.products)


class RunChecker:
    """Checks what users ask for, as they are: what they may not read is not there.

    Parameters
    ----------
    authority
        Of the ``vos:`` addresses of this server.
    datasets
        Folder of the object catalogues of releases, if the server has any.
    """

    def __init__(self, products: ProductService, authority: str, datasets: Path | None) -> None:
        self._products = products
        self._inputs = Inputs(products, authority)
        self._datasets = datasets

    def check(self, identity: Identity, pipeline: Pipeline, request: RunRequest) -> CheckedRun:
        """Check a request.

        Raises
        ------
        InvalidValueError
            With the parameter that is wrong.
        """
        request = checked_request(pipeline, request)
        if not request.inputs:
            raise InvalidValueError("Choose a redshift catalogue: the inputs are missing.", field="inputs")
        redshifts = self._inputs.find(identity, request.inputs, pipeline.accepts, "inputs", request.columns)
        if unknown := sorted(request.columns.keys() - {each.name for each in redshifts} - {request.objects or ""}):
            raise InvalidValueError(f"Columns are given for {unknown[0]}, which is no input.", field="columns")
        if not pipeline.has_objects:
            self._refuse_objects(pipeline, request)
            configuration = combine_configuration(request, redshifts)
            return CheckedRun(pipeline, request, configuration, redshifts, None, None, None)
        if len(redshifts) > 1:
            raise InvalidValueError(
                f"{pipeline.display_name} takes one redshift catalogue, not {len(redshifts)}; combine them first.",
                field="inputs",
            )
        return self._with_objects(identity, pipeline, request, redshifts)

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
        self, identity: Identity, pipeline: Pipeline, request: RunRequest, redshifts: tuple[InputProduct, ...]
    ) -> CheckedRun:
        release = None if request.release is None else self.release(identity, request.release)
        if request.objects is None and release is None:
            raise InvalidValueError(
                "Choose an object catalogue: a product of type Objects Catalog, or a release.", field="objects"
            )
        if request.objects is None and release is not None:
            path = self._release_path(release, request)
            configuration = training_configuration(request, redshifts[0], None)
            return CheckedRun(pipeline, request, configuration, redshifts, None, release, path)
        (objects,) = self._inputs.find(
            identity, [request.objects or ""], ["object_catalog"], "objects", request.columns
        )
        columns = [item.column.name for item in self._products.details(identity, objects.product.id).columns]
        configuration = training_configuration(request, redshifts[0], objects, columns)
        _require(configuration, columns, objects.name)
        return CheckedRun(
            pipeline, request, configuration, redshifts, objects, release or objects.product.release, None
        )

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


def _require(configuration: TrainingSetConfiguration, columns: list[str], name: str) -> None:
    missing = [column for column in configuration.param.selected_cols if column not in columns]
    if missing:
        raise InvalidValueError(
            f"The object catalogue {name} has no column '{missing[0]}'; it has {', '.join(columns[:12])}.",
            field="selected_cols",
        )
