"""`Pipeline` implementation of the estimation of photometric redshifts."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.errors import InvalidValueError
from pipelines.declarations import InputSlot, ParameterHint
from pipelines.estimation.configuration import EstimationConfiguration, EstimationInput, EstimationParameters
from pipelines.estimation.estimation import OpenTable, estimate_redshifts
from pipelines.estimation.rail.environment import RailEnvironment
from pipelines.estimation.report import EstimationReport
from pipelines.estimation.run_report import run_report
from pipelines.inputs.configuration import entry_of, refuse_meanings
from pipelines.models import Pipeline, PipelineResult, RunInputs, RunRequest, Work, part_of
from pipelines.outputs.reports import RunReport

__all__ = ["EstimateRedshifts"]

_MEANINGS = ("id", "ra", "dec", "z")
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
    configuration = EstimationConfiguration
    parameters = EstimationParameters
    inputs = InputSlot(
        "training set",
        ("training_set", "training_results", "redshift_catalog", "object_catalog", "other"),
        "training",
        maximum=1,
        if_too_many="combine them first",
        help="A table of magnitudes and redshifts.",
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
            The objects are not chosen, a column has an unknown meaning, or the format is not Parquet.
        """
        refuse_meanings(request.columns, request.columns.keys(), _MEANINGS)
        objects, training = inputs.objects, inputs.catalogues[0]
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
                "param": dict(request.param),
            }
        )

    def run(self, work: Work[EstimationConfiguration]) -> PipelineResult:
        """Read the training set, and estimate the objects in batches."""
        inputs = work.configuration.inputs
        made = estimate_redshifts(
            _table(work, inputs.training[0]), _table(work, inputs.objects), work.configuration.param, work.scratch,
            part_of(work.progress, 0.0, 1.0), None if work.estimators is None else RailEnvironment(work.estimators),
        )  # fmt: skip
        meanings = {"id": made.id, "ra": made.ra, "dec": made.dec, "z": "zmode"}
        return PipelineResult(
            made.written.table, made.report,
            {key: column for key, column in meanings.items() if column is not None},
            made.report.warnings,
            files=(made.model,),
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


def _table(work: Work[EstimationConfiguration], entry: EstimationInput) -> OpenTable:
    return OpenTable(entry.label, entry, partial(work.open_rows, entry))
