"""Configuration of the validation of photo-z estimates: every parameter, with its unit, bounds and default."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from pipelines.expressions import Conditions
from pipelines.inputs.configuration import PipelineConfiguration, TableColumns, TableInput
from pipelines.inputs.grids import RedshiftGrid, listed

__all__ = [
    "EstimatesInput",
    "ReferenceInput",
    "Requirements",
    "ValidationColumns",
    "ValidationConfiguration",
    "ValidationInputs",
    "ValidationParameters",
]

_MODEL = ConfigDict(extra="forbid", frozen=True)

Edges = Annotated[tuple[float, ...], BeforeValidator(listed), Field(min_length=2, max_length=200)]


class ValidationColumns(TableColumns):
    """Columns of an input by their meaning; null where they are to be found out."""

    z: str | None = Field(None, description="Redshift: of estimates the point estimate, else the reference.")


class EstimatesInput(TableInput):
    """A table of photo-z estimates."""

    columns: ValidationColumns = Field(ValidationColumns(), description="Columns by their meaning.")


class ReferenceInput(EstimatesInput):
    """The table of reference redshifts."""


class ValidationInputs(BaseModel):
    """The inputs of the pipeline."""

    model_config = _MODEL

    estimates: tuple[EstimatesInput, ...] = Field(min_length=1, description="Tables of photo-z estimates.")
    reference: ReferenceInput = Field(description="Table of reference redshifts.")


class Requirements(BaseModel):
    """Limits that are drawn as lines and checked; null for none. The defaults are those of Rubin (LSST SRD)."""

    model_config = _MODEL

    bias: float | None = Field(0.003, gt=0, description="Largest |bias|.")
    sigma: float | None = Field(0.02, gt=0, description="Largest sigma_iqr.")
    outlier_rate: float | None = Field(0.1, gt=0, le=1, description="Largest outlier rate.")


class ValidationParameters(BaseModel):
    """Parameters of the validation."""

    model_config = _MODEL

    match: Literal["auto", "id", "position", "order"] = Field(
        "auto",
        description="How objects are matched with the reference: by identifiers, by position, or row by row; auto "
        "takes identifiers if both share some, else positions.",
    )
    match_radius_arcsec: float = Field(
        1.0, gt=0, le=3600, description="Largest distance of a match by position, in arcseconds."
    )
    point: str | None = Field(
        None,
        description="Column of the point estimate, such as zmode, or mode, mean or median to compute it on the grid; "
        "by default the declared redshift, or the mode.",
    )
    grid: RedshiftGrid = Field(
        (0.0, 3.0, 301), description="First and last redshift, and number of points, of the grid for CDE loss and N(z)."
    )
    cuts: Conditions = Field(
        (), description="Conditions on columns of the reference: flags, magnitudes, ranges; others are left out."
    )
    estimate_cuts: Conditions = Field((), description="Conditions on columns of the estimates.")
    magnitude: str | None = Field(
        None, description="Column of the reference for bins in magnitude; by default one of the i band, if any."
    )
    z_edges: Edges = Field(
        tuple(index / 4 for index in range(13)), description="Edges of the bins in reference redshift and in estimate."
    )
    magnitude_edges: Edges = Field(
        tuple(float(value) for value in range(16, 29)), description="Edges of the bins in magnitude."
    )
    tomographic_edges: Edges = Field(
        (0.2, 0.4, 0.6, 0.8, 1.0, 1.2), description="Edges of the tomographic bins in the point estimate, for N(z)."
    )
    pit_bins: int = Field(20, ge=2, le=1000, description="Bins of the PIT histogram.")
    bootstrap: int = Field(100, ge=0, le=10_000, description="Resamples for uncertainties; 0 for none.")
    random_seed: int = Field(0, ge=0, lt=2**63, description="Seed of the resampling.")
    requirements: Requirements = Field(Requirements(), description="Limits that are drawn as lines and checked.")

    @field_validator("z_edges", "magnitude_edges", "tomographic_edges")
    @classmethod
    def _edges_increase(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        for lower, upper in pairwise(edges):
            if not lower < upper:
                raise ValueError(f"the edges do not increase: {upper:g} follows {lower:g}")
        return edges


class ValidationConfiguration(PipelineConfiguration):
    """The whole configuration file."""

    inputs: ValidationInputs = Field(description="The estimates and the reference.")
    output_name: str = Field(
        "validation", pattern=r"^[^/\\\x00]+$", description="Name of the result, without its suffix."
    )
    output_format: str | None = Field("parquet", description="Format of the table of metrics.")
    param: ValidationParameters = Field(ValidationParameters(), description="Parameters of the validation.")
