"""`Pipeline` implementation of the Training Set Maker."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidValueError
from pipelines.crossmatch.objects import ObjectSource
from pipelines.declarations import InputSlot, ParameterHint
from pipelines.inputs.catalogue_folders import Address
from pipelines.inputs.configuration import entry_of, format_of, refuse_meanings
from pipelines.inputs.lookup import RunInput
from pipelines.models import Pipeline, PipelineResult, Progress, RunInputs, RunRequest, Work, part_of
from pipelines.outputs.reports import RunReport
from pipelines.training.configuration import TrainingSetConfiguration, TrainingSetParameters
from pipelines.training.hats import release_catalog
from pipelines.training.photometry_choice import choose_photometry
from pipelines.training.report import TrainingSetReport
from pipelines.training.run_report import run_report
from pipelines.training.training_set import make_training_set

__all__ = ["TrainingSetMaker"]

#: Meanings of the columns that are read from redshift catalogues, and from object catalogues.
_MEANINGS = ("id", "ra", "dec", "z", "z_flag", "z_err", "survey", "instrument_type")
_OBJECT_MEANINGS = ("id", "ra", "dec")
_MOST_NAMES = 12
_FORM = {
    "crossmatch.radius_arcsec": ParameterHint("Radius (arcsec)"),
    "crossmatch.n_neighbors": ParameterHint("Neighbours"),
    "flux_type": ParameterHint("Flux type", of_release="fluxes"),
    "dereddening": ParameterHint("Dereddening", of_release="dereddening"),
    "convert_flux_to_mag": ParameterHint("Convert fluxes into magnitudes"),
    "use_absolute_lsdb_path": ParameterHint(hidden=True),
    "selected_cols": ParameterHint("Columns of objects", advanced=True),
    "photometry": ParameterHint(advanced=True),
    "object_cuts": ParameterHint("Cuts on objects", advanced=True),
    "cuts": ParameterHint("Cuts on the result", advanced=True),
    "unique": ParameterHint("One row only for each"),
    "prefer": ParameterHint(advanced=True),
    "flag_multiple_matches": ParameterHint(advanced=True),
    "split_method": ParameterHint(advanced=True),
    "random_seed": ParameterHint(advanced=True),
}
#: What the tutorial of the public server's client and its web page send.
_WITHOUT_EFFECT = {
    "crossmatch.output_catalog_name": "the result is named by the run",
    "duplicate_criteria": "'crossmatch.n_neighbors' and 'unique' decide which matches are kept",
}


class TrainingSetMaker(Pipeline[TrainingSetConfiguration]):
    """Match a redshift catalogue with objects, and split the rows into training and validation."""

    id = 1
    name = "training_set_maker"
    display_name = "Training Set Maker"
    description = (
        "Cross-matches a redshift catalogue with a catalogue of objects, and splits the matches into training and "
        "validation."
    )
    product_type = "training_set"
    configuration = TrainingSetConfiguration
    parameters = TrainingSetParameters
    inputs = InputSlot(
        "redshift catalogue", ("redshift_catalog",), "specz", maximum=1, if_too_many="combine them first"
    )
    objects = InputSlot(
        "object catalogue",
        ("object_catalog",),
        "dataset",
        maximum=1,
        help="Each redshift is matched with its nearest objects in this catalogue.",
        takes_release=True,
    )
    form = _FORM
    without_effect = _WITHOUT_EFFECT

    def configure(self, request: RunRequest, inputs: RunInputs) -> TrainingSetConfiguration:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The object catalogue has no such column, the release no such catalogue, or a column an unknown meaning.
        """
        objects = inputs.objects
        of_objects = {request.objects} if objects is None else {request.objects, objects.name, objects.address}
        of_redshifts = request.columns.keys() - of_objects
        refuse_meanings(request.columns, of_redshifts, _MEANINGS)
        refuse_meanings(request.columns, request.columns.keys() - of_redshifts, _OBJECT_MEANINGS)
        entries: dict[str, Any] = {"specz": [entry_of(each, _MEANINGS) for each in inputs.catalogues]}
        if objects is not None:
            entries["dataset"] = entry_of(objects, _OBJECT_MEANINGS)
        output_format = format_of(request.output_format, inputs.catalogues)
        configuration = TrainingSetConfiguration.model_validate(
            {"inputs": entries, "output_format": output_format, "param": dict(request.param)}
        )
        if configuration.param.use_absolute_lsdb_path:
            raise InvalidValueError(
                "'use_absolute_lsdb_path' is for configuration files with paths; leave it out.",
                field="use_absolute_lsdb_path",
            )
        if objects is not None:
            _require_columns(configuration.param.selected_cols, objects)
            choose_photometry(configuration.param, objects.names, is_selected=False)
        if inputs.release_folder is not None:
            selected = _catalogue_in(inputs.release_folder, configuration.param)
            choose_photometry(configuration.param, (), is_selected=selected != inputs.release_folder)
        return configuration

    def foreseen_warnings(self, configuration: TrainingSetConfiguration, inputs: RunInputs) -> tuple[str, ...]:
        """Return what of the magnitudes cannot be computed from the columns of the objects."""
        if inputs.objects is None or not inputs.objects.names:
            return ()
        return choose_photometry(configuration.param, inputs.objects.names, is_selected=False).warnings

    def run(self, work: Work[TrainingSetConfiguration]) -> PipelineResult:
        """Match the redshifts with the objects, which are read in parts."""
        entry = work.configuration.redshifts
        work.progress(0.0, f"Reading {entry.label}")
        table = work.read(entry)
        objects, is_selected = self._open_objects(work, part_of(work.progress, 0.03, 0.14))
        made = make_training_set(
            table, objects, work.configuration, progress=part_of(work.progress, 0.14, 1.0), is_selected=is_selected
        )
        return PipelineResult(made.table, made.report, made.columns, made.report.warnings, made.configuration)

    def describe(self, configuration: TrainingSetConfiguration, inputs: RunInputs) -> str:
        """Describe the result in Markdown."""
        param, release = configuration.param, inputs.release
        if inputs.objects is not None:
            objects = f"{inputs.objects.label} (`{inputs.objects.name}`)"
        else:
            objects = f"the release {release.display_name if release else ''} ({param.flux_type})"
        number = param.crossmatch.n_neighbors
        nearest = "the nearest object" if number == 1 else f"up to {number} nearest objects"
        return (
            f"Training set of the redshifts of\n\n{inputs.catalogue_list}\n\nEach redshift has {nearest} of {objects} "
            f"within {param.crossmatch.radius_arcsec:g} arcseconds. `is_training_set` is 1 for "
            f"{100 * param.train_fraction:g} % of the rows, and 0 for those for validation."
        )

    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Return the report for its page."""
        return run_report(TrainingSetReport.model_validate(values))

    @staticmethod
    def _open_objects(work: Work[TrainingSetConfiguration], progress: Progress) -> tuple[ObjectSource, bool]:
        """Open the objects; return also whether flux type and dereddening selected them in a release."""
        entry, param = work.configuration.inputs.dataset, work.configuration.param
        selected: list[bool] = []

        def catalogue_in(path: Address) -> Address:
            catalogue = path if param.use_absolute_lsdb_path else _catalogue_in(path, param)
            selected.append(catalogue != path)
            return catalogue

        return work.open_objects(entry, catalogue_in, progress), any(selected)


def _catalogue_in(folder: Address, param: TrainingSetParameters) -> Address:
    return release_catalog(
        folder, magnitudes=param.convert_flux_to_mag, flux_type=param.flux_type, dereddening=param.dereddening
    )


def _require_columns(selected: Sequence[str], objects: RunInput) -> None:
    missing = [column for column in selected if column not in objects.names]
    if missing and objects.names:
        raise InvalidValueError(
            f"The object catalogue {objects.name} has no column '{missing[0]}'; it has "
            f"{', '.join(objects.names[:_MOST_NAMES])}.",
            field="selected_cols",
        )
