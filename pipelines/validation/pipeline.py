"""`Pipeline` implementation of the validation of photo-z estimates."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from core.errors import InvalidValueError
from pipelines.declarations import InputSlot, ParameterHint
from pipelines.inputs.configuration import entry_of, refuse_meanings
from pipelines.models import Pipeline, PipelineResult, RunInputs, RunRequest, Work
from pipelines.outputs import output_format_of
from pipelines.outputs.reports import RunReport
from pipelines.validation.configuration import EstimatesInput, ValidationConfiguration, ValidationParameters
from pipelines.validation.drawings import drawings
from pipelines.validation.report import ValidationReport
from pipelines.validation.run_report import run_report
from pipelines.validation.tables import metrics_table, table_documents
from pipelines.validation.validation import NamedTable, validate_estimates

__all__ = ["ValidateEstimates"]

_MEANINGS = ("id", "ra", "dec", "z")
_FORM = {
    "match": ParameterHint(
        "Objects are matched",
        words={
            "auto": "By identifiers, or else by position",
            "id": "By identifiers",
            "position": "By position",
            "order": "Row by row",
        },
    ),
    "match_radius_arcsec": ParameterHint("Radius (arcsec)"),
    "point": ParameterHint("Point estimate"),
    "cuts": ParameterHint("Cuts on the reference"),
    "estimate_cuts": ParameterHint("Cuts on the estimates", advanced=True),
    "magnitude": ParameterHint("Column of magnitudes", advanced=True),
    **{
        name: ParameterHint(advanced=True)
        for name in ("grid", "z_edges", "magnitude_edges", "tomographic_edges", "pit_bins", "bootstrap", "random_seed")
    },
    "requirements.bias": ParameterHint("Required bias", advanced=True),
    "requirements.sigma": ParameterHint("Required scatter", advanced=True),
    "requirements.outlier_rate": ParameterHint("Required outlier rate", advanced=True),
}


class ValidateEstimates(Pipeline[ValidationConfiguration]):
    """Compare photo-z estimates with reference redshifts."""

    id = 3
    name = "validate_estimates"
    display_name = "Validate Photo-z Estimates"
    description = (
        "Compares photo-z estimates, single values and probability densities, with reference redshifts: metrics with "
        "uncertainties, calibration, and N(z)."
    )
    product_type = "validation_results"
    configuration = ValidationConfiguration
    parameters = ValidationParameters
    inputs = InputSlot(
        "table of estimates",
        ("photoz_estimates",),
        "estimates",
        help="Several tables are compared with each other.",
    )
    objects = InputSlot(
        "reference",
        ("training_set", "redshift_catalog", "object_catalog", "validation_results", "other"),
        "reference",
        maximum=1,
        help="A table with redshifts: a training set, a redshift catalogue, or any other.",
    )
    form = _FORM

    def configure(self, request: RunRequest, inputs: RunInputs) -> ValidationConfiguration:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The reference is not chosen or has no redshift, or a column has an unknown meaning.
        """
        refuse_meanings(request.columns, request.columns.keys(), _MEANINGS)
        reference = inputs.objects
        if reference is None:
            raise InvalidValueError("Choose a reference: a table with redshifts.", field="objects")
        if reference.names and "z" not in reference.columns:
            raise InvalidValueError(
                f"No column of {reference.label} ({reference.name}) is declared as redshift; name it in COLUMNS.",
                field="objects",
            )
        return ValidationConfiguration.model_validate(
            {
                "inputs": {
                    "estimates": [entry_of(each, _MEANINGS) for each in inputs.catalogues],
                    "reference": entry_of(reference, _MEANINGS),
                },
                "output_format": output_format_of(_chosen_format(request.output_format)).name,
                "param": dict(request.param),
            }
        )

    def run(self, work: Work[ValidationConfiguration]) -> PipelineResult:
        """Read the tables in batches, score their objects, and summarise the scores."""
        inputs, param = work.configuration.inputs, work.configuration.param
        names = _names([entry.label for entry in inputs.estimates])
        report = validate_estimates(
            [(entry, _table(work, entry, name)) for entry, name in zip(inputs.estimates, names, strict=True)],
            (inputs.reference, _table(work, inputs.reference, "reference")),
            param,
            work.progress,
        )
        work.progress(0.97, "Drawing figures")
        documents = table_documents(report)
        documents |= {f"{drawing.key}.svg": drawing.draw() for drawing in drawings(report)}
        return PipelineResult(metrics_table(report), report, {}, report.warnings, documents=documents)

    def describe(self, configuration: ValidationConfiguration, inputs: RunInputs) -> str:
        """Describe the result in Markdown."""
        reference = "" if inputs.objects is None else f"{inputs.objects.label} (`{inputs.objects.name}`)"
        cuts = "".join(f"\n- `{cut}`" for cut in configuration.param.cuts)
        return (
            f"Validation of the photo-z estimates of\n\n{inputs.catalogue_list}\n\nagainst the redshifts of "
            f"{reference}." + (f"\n\nThe reference is limited to objects with\n{cuts}" if cuts else "")
        )

    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Return the report for its page."""
        return run_report(ValidationReport.model_validate(values))


def _chosen_format(name: str | None) -> str:
    """Return the format of the table of metrics, which is small and has no positions."""
    if name == "hats":
        raise InvalidValueError(
            "The result has no positions, which a HATS catalogue needs; choose another format.", field="output_format"
        )
    return "parquet" if name in {None, "specz"} else str(name)


def _table(work: Work[ValidationConfiguration], entry: EstimatesInput, name: str) -> NamedTable:
    return NamedTable(name, entry.label, partial(work.open_rows, entry))


def _names(labels: list[str]) -> list[str]:
    """Return short names for columns and legends, no two of them alike."""
    names: list[str] = []
    for label in labels:
        stem = re.sub(r"\W+", "_", label.partition(".")[0]).strip("_") or "estimates"
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return names
