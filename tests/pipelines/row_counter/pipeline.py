"""Example of a further pipeline: it counts the rows of catalogues, and its result has no positions."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidValueError
from pipelines.declarations import InputSlot, ParameterHint
from pipelines.definitions import PIPELINES
from pipelines.inputs.configuration import PipelineConfiguration, entry_of, format_of
from pipelines.models import AnyPipeline, Pipeline, PipelineResult, RunInputs, RunRequest, Work
from pipelines.outputs.reports import CountTable, HistogramFigure, RunReport

__all__ = ["DEFINITIONS", "RowCounter"]

_MODEL = ConfigDict(extra="forbid", frozen=True)


class CatalogueEntry(BaseModel):
    """A catalogue whose rows are counted."""

    model_config = _MODEL

    path: str = Field("", description="The file, relative to the configuration file.")
    internal_name: str | None = Field(None, description="Internal name of the product.")
    columns: Mapping[str, str] = Field({}, description="Not used.")


class CatalogueEntries(BaseModel):
    """The inputs of the pipeline."""

    model_config = _MODEL

    catalogues: tuple[CatalogueEntry, ...] = Field(min_length=1, description="Catalogues, in any order.")


class RowCounterParameters(BaseModel):
    """What is counted."""

    model_config = _MODEL

    least_rows: int = Field(0, ge=0, description="A catalogue with fewer rows is an error.")
    order: Literal["name", "rows"] = Field("name", description="By what the result is sorted.")


class RowCounterConfiguration(PipelineConfiguration):
    """The whole configuration file."""

    inputs: CatalogueEntries = Field(description="The catalogues.")
    param: RowCounterParameters = Field(RowCounterParameters(), description="What is counted.")


class RowCountReport(BaseModel):
    """The report of one count."""

    counts: Mapping[str, int]


class RowCounter(Pipeline[RowCounterConfiguration]):
    """Count the rows of catalogues."""

    id = 90
    name = "row_counter"
    display_name = "Row Counter"
    description = "Counts the rows of catalogues."
    product_type = "other"
    configuration = RowCounterConfiguration
    parameters = RowCounterParameters
    inputs = InputSlot("catalogue", ("redshift_catalog", "object_catalog"), "catalogues", maximum=2)
    form: Mapping[str, ParameterHint] = {"order": ParameterHint("Sorted by", words={"rows": "Number of rows"})}

    def configure(self, request: RunRequest, inputs: RunInputs) -> RowCounterConfiguration:
        """Give the configuration of a run on the server."""
        return RowCounterConfiguration.model_validate(
            {
                "inputs": {"catalogues": [entry_of(each, ()) for each in inputs.catalogues]},
                "output_format": format_of(request.output_format, inputs.catalogues),
                "param": dict(request.param),
            }
        )

    def run(self, work: Work[RowCounterConfiguration]) -> PipelineResult:
        """Count the rows of one catalogue after the other."""
        entries, param = work.configuration.inputs.catalogues, work.configuration.param
        counts = {}
        for number, entry in enumerate(entries):
            name = entry.internal_name or PurePath(entry.path).name
            work.progress(number / len(entries), f"Counting {name}")
            counts[name] = work.read(entry, lambda names: list(names[:1])).num_rows
            if counts[name] < param.least_rows:
                raise InvalidValueError(f"{name} has {counts[name]} rows, and {param.least_rows} are the least.")
        ordered = sorted(counts.items(), key=lambda item: item[param.order == "rows"])
        table = pa.table({"catalogue": [name for name, _ in ordered], "n_rows": [rows for _, rows in ordered]})
        warnings = tuple(f"{name} has no rows." for name, rows in ordered if not rows)
        return PipelineResult(table, RowCountReport(counts=dict(ordered)), {}, warnings)

    def describe(self, configuration: RowCounterConfiguration, inputs: RunInputs) -> str:
        """Describe the result in Markdown."""
        return f"Numbers of rows, by {configuration.param.order}, of\n\n{inputs.catalogue_list}"

    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Prepare a report for its page."""
        counts = RowCountReport.model_validate(values).counts
        return RunReport(
            (("Rows of all", sum(counts.values())),),
            tables=(
                CountTable("Rows by catalogue", ("Catalogue", "Rows"), tuple(counts.items())),
                CountTable("Empty", ("Catalogue",), ()),
            ),
            figures=(HistogramFigure("sizes", "Sizes of catalogues", "rows", (0.0, 100.0), (len(counts),)),),
        )


#: The pipelines of a server that has this one, too.
DEFINITIONS: Mapping[str, AnyPipeline] = {**PIPELINES, RowCounter.name: RowCounter()}
