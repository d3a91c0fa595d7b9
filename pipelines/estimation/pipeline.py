"""`Pipeline` implementation of the estimation of photometric redshifts."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.errors import InvalidValueError
from pipelines.declarations import InputSlot, ParameterHint
from pipelines.estimation.configuration import EstimationConfiguration, EstimationInput, EstimationParameters
from pipelines.estimation.estimation import Estimation, OpenTable, estimate_redshifts
from pipelines.estimation.rail.environment import RailEnvironment
from pipelines.estimation.report import EstimationReport, ModelFile
from pipelines.estimation.run_report import run_report
from pipelines.estimation.trained_models import KnownModel
from pipelines.inputs.configuration import entry_of, refuse_meanings
from pipelines.inputs.lookup import RunInput
from pipelines.models import (
    FurtherResult,
    MadeFile,
    Pipeline,
    PipelineResult,
    RunInputs,
    RunRequest,
    Work,
    part_of,
)
from pipelines.outputs.reports import RunReport

__all__ = ["EstimateRedshifts"]

_MEANINGS = ("id", "ra", "dec", "z")
_RESULTS, _SUFFIX = "training_results", " (training results)"
_FORM = {
    "algorithm": ParameterHint(
        words={
            "knn": "Nearest neighbours",
            "training_nz": "Redshift distribution of the training set",
            "rail_knn": "RAIL: nearest neighbours (KNearNeigh)",
            "rail_flexzboost": "RAIL: FlexZBoost",
            "rail_cmnn": "RAIL: CMNN",
            "rail_bpz": "RAIL: BPZ-lite",
            "rail_gpz": "RAIL: GPz",
        },
    ),
    "knn.bandwidth": ParameterHint("Bandwidth / (1 + z)"),
    "knn.features": ParameterHint(
        words={
            "colours": "Colours",
            "magnitudes": "Magnitudes",
            "colours_and_magnitude": "Colours and the magnitude in i",
        },
    ),
    "knn.weights": ParameterHint(
        words={"errors": "By errors of magnitudes", "distance": "By distance", "uniform": "All the same"}
    ),
    "rail": ParameterHint("Parameters of RAIL", advanced=True),
    "cuts": ParameterHint("Cuts on the training set"),
    "training_rows": ParameterHint(
        "Rows trained on", words={"training": "Those for training", "all": "All"}, advanced=True
    ),
    **{
        name: ParameterHint(advanced=True)
        for name in ("magnitudes", "errors", "object_magnitudes", "object_errors", "grid")
    },
}


class EstimateRedshifts(Pipeline[EstimationConfiguration]):
    """Train a photo-z estimator, and estimate the redshifts of objects."""

    id = 4
    name = "estimate"
    display_name = "Estimate Photo-z"
    description = (
        "Trains a photo-z estimator on a training set and estimates the redshifts of objects with magnitudes, as "
        "probability densities."
    )
    product_type = "photoz_estimates"
    further_type = _RESULTS
    configuration = EstimationConfiguration
    parameters = EstimationParameters
    inputs = InputSlot(
        "training set",
        ("training_set", "training_results", "redshift_catalog", "object_catalog", "other"),
        "training",
        maximum=1,
        if_too_many="combine them first",
        help="A table of magnitudes and redshifts; or training results of this pipeline, whose model is used again.",
    )
    objects = InputSlot(
        "table of objects",
        ("object_catalog", "training_set", "redshift_catalog", "validation_results", "other"),
        "objects",
        maximum=1,
        help="Its objects are estimated: the test set of a challenge, or any table with the same magnitudes.",
    )
    form = _FORM

    def configure(self, request: RunRequest, inputs: RunInputs) -> EstimationConfiguration:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The objects are not chosen, a column has an unknown meaning, the format is not Parquet, or training
            results are neither a table nor a model of this server and the algorithm.
        """
        refuse_meanings(request.columns, request.columns.keys(), _MEANINGS)
        objects, training = inputs.objects, inputs.catalogues[0]
        param = _with_algorithm(request.param, training)
        if objects is None:
            raise InvalidValueError("Choose a table of objects with magnitudes.", field="objects")
        if request.output_format not in {None, "specz", "parquet"}:
            raise InvalidValueError(
                f"Estimates are written as Parquet, not as {request.output_format}; leave the format out. Downloads "
                "have them in other formats.",
                field="output_format",
            )
        return EstimationConfiguration.model_validate(
            {
                "inputs": {"training": [entry_of(training, _MEANINGS)], "objects": entry_of(objects, _MEANINGS[:-1])},
                "param": param,
            }
        )

    def run(self, work: Work[EstimationConfiguration]) -> PipelineResult:
        """Read the training set or the model, and estimate the objects in batches."""
        inputs = work.configuration.inputs
        known = work.made_file(inputs.training[0])
        made = estimate_redshifts(
            _training(work, inputs.training[0], known), _table(work, inputs.objects), work.configuration.param,
            work.scratch, part_of(work.progress, 0.0, 1.0),
            None if work.estimators is None else RailEnvironment(work.estimators),
        )  # fmt: skip
        meanings = {"id": made.id, "ra": made.ra, "dec": made.dec, "z": "zmode"}
        return PipelineResult(
            made.written.table, made.report,
            {key: column for key, column in meanings.items() if column is not None},
            made.report.warnings,
            further=_training_results(made, known),
        )  # fmt: skip

    def describe(self, configuration: EstimationConfiguration, inputs: RunInputs) -> str:
        """Describe the result in Markdown."""
        param = configuration.param
        objects = "" if inputs.objects is None else f"{inputs.objects.label} (`{inputs.objects.name}`)"
        first, last, points = param.grid
        return (
            f"Photo-z estimates of the objects of {objects} by `{param.algorithm}`, trained on\n\n"
            f"{inputs.catalogue_list}\n\nThe densities are on {points} points from {first:g} to {last:g}."
        )

    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Return the report for its page."""
        return run_report(EstimationReport.model_validate(values))


def _with_algorithm(param: Mapping[str, Any], training: RunInput) -> dict[str, Any]:
    """Return the parameters with the algorithm of a model that was trained before, which has no other one."""
    file = None if training.facts is None else ModelFile.model_validate(training.facts)
    if file is not None and file.format == "pickle":
        chosen = param.get("algorithm", file.algorithm)
        if chosen != file.algorithm:
            raise InvalidValueError(
                f"The model of {training.name} is one of {file.algorithm}; choose that algorithm instead of {chosen}.",
                field="algorithm",
            )
        return {**param, "algorithm": chosen}
    if file is None and training.kind == _RESULTS and training.stored_table is None:
        raise InvalidValueError(
            f"{training.name} has no table that can be trained on, and no model that this server has trained; it loads "
            "its own models alone, whose files nobody has replaced.",
            field="inputs",
        )
    return dict(param)


def _training(
    work: Work[EstimationConfiguration], entry: EstimationInput, known: MadeFile | None
) -> OpenTable | KnownModel:
    file = None if known is None else ModelFile.model_validate(known.facts)
    if known is None or file is None or file.format != "pickle":
        return _table(work, entry)
    return KnownModel(entry.label, known.path, file)


def _training_results(made: Estimation, known: MadeFile | None) -> FurtherResult | None:
    """Return the trained model as a product of its own, unless it has nothing that the input does not have."""
    file, report = made.report.model, made.report
    if made.model is None or (known is not None and _is_same(file, ModelFile.model_validate(known.facts))):
        return None
    kind = "the objects that it compares with" if file.format == "parquet" else "Python objects of RAIL"
    left = f" ({report.training_rows - report.trained} left out)" if report.left_out else ""
    return FurtherResult(
        _RESULTS,
        _SUFFIX,
        made.model,
        f"Model of `{file.algorithm}`, trained on {file.trained} objects{left} with {', '.join(file.magnitudes)}: "
        f"{kind}. The pipeline `estimate` takes it instead of a training set.",
        file.model_dump(mode="json"),
        {} if made.redshift is None else {"z": made.redshift},
    )


def _is_same(one: ModelFile, other: ModelFile) -> bool:
    """Return whether two models are the same objects: one was read from the other, and nothing was left out."""
    return (one.trained, one.magnitudes, one.errors) == (other.trained, other.magnitudes, other.errors)


def _table(work: Work[EstimationConfiguration], entry: EstimationInput) -> OpenTable:
    return OpenTable(entry.label, entry, partial(work.open_rows, entry))
