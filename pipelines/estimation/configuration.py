"""Configuration of the estimation of photometric redshifts: every parameter, with its unit, bounds and default."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.expressions import Conditions
from pipelines.inputs.configuration import PipelineConfiguration, TableColumns, TableInput
from pipelines.inputs.grids import RedshiftGrid

__all__ = [
    "Algorithm",
    "EstimationColumns",
    "EstimationConfiguration",
    "EstimationInput",
    "EstimationInputs",
    "EstimationParameters",
    "NeighbourParameters",
]

_MODEL = ConfigDict(extra="forbid", frozen=True)

#: Algorithms: those of this server, and those of RAIL, which run in an environment of their own.
Algorithm = Literal["knn", "training_nz", "rail_knn", "rail_flexzboost", "rail_cmnn", "rail_bpz", "rail_gpz"]


class EstimationColumns(TableColumns):
    """Columns of an input by their meaning; null where they are to be found out."""

    z: str | None = Field(None, description="Redshift of a training set.")


class EstimationInput(TableInput):
    """A table of objects with magnitudes."""

    columns: EstimationColumns = Field(EstimationColumns(), description="Columns by their meaning.")


class EstimationInputs(BaseModel):
    """The inputs of the pipeline."""

    model_config = _MODEL

    training: tuple[EstimationInput, ...] = Field(
        min_length=1, max_length=1, description="Table of objects whose redshifts are known."
    )
    objects: EstimationInput = Field(description="Table of objects whose redshifts are estimated.")


class NeighbourParameters(BaseModel):
    """Parameters of the nearest neighbours (knn)."""

    model_config = _MODEL

    neighbours: int = Field(20, ge=1, le=1000, description="Number of neighbours in the training set.")
    bandwidth: float = Field(
        0.015, gt=0, le=1, description="Standard deviation of the Gaussian of each neighbour, in units of 1 + z."
    )
    features: Literal["colours", "magnitudes", "colours_and_magnitude"] = Field(
        "colours_and_magnitude",
        description="What is compared: colours of neighbouring bands, magnitudes, or colours and the magnitude in the "
        "band i, or else in the middle one.",
    )
    weights: Literal["errors", "distance", "uniform"] = Field(
        "errors",
        description="Weights of the neighbours: by the errors of the magnitudes, as exp(-chi2/2), which also choose "
        "the neighbours; by 1/distance; or all the same.",
    )


class EstimationParameters(BaseModel):
    """Parameters of the estimation."""

    model_config = _MODEL

    algorithm: Algorithm = Field(
        "knn",
        description="knn: nearest neighbours; training_nz: the redshift distribution of the training set for each "
        "object, a baseline; rail_…: algorithms of RAIL, where they are installed.",
    )
    knn: NeighbourParameters = Field(NeighbourParameters(), description="Parameters of knn.")
    rail: Mapping[str, Any] = Field(
        {}, description="Parameters of the RAIL algorithm that differ from its defaults, by their names in RAIL."
    )
    magnitudes: tuple[str, ...] = Field(
        (),
        description="Columns of magnitudes in the training set, from blue to red; by default they are found by their "
        "names: one for each band.",
    )
    errors: tuple[str, ...] = Field(
        (), description="Columns of their errors, in the same order; by default they are found by their names."
    )
    object_magnitudes: tuple[str, ...] = Field(
        (), description="Columns of magnitudes of the objects, where these are not those of the training set."
    )
    object_errors: tuple[str, ...] = Field((), description="Columns of their errors.")
    cuts: Conditions = Field(
        (), description="Conditions on columns of the training set: flags, magnitudes, ranges; other rows are left out."
    )
    training_rows: Literal["training", "all"] = Field(
        "training",
        description="Rows of a result of the Training Set Maker that are trained on: those whose is_training_set is "
        "1, or all.",
    )
    grid: RedshiftGrid = Field(
        (0.0, 3.0, 301), description="First and last redshift, and number of points, of the densities."
    )


class EstimationConfiguration(PipelineConfiguration):
    """The whole configuration file."""

    inputs: EstimationInputs = Field(description="The training set and the objects.")
    output_name: str = Field(
        "estimates", pattern=r"^[^/\\\x00]+$", description="Name of the result, without its suffix."
    )
    output_format: Literal["parquet"] = Field("parquet", description="Format of the estimates.")
    param: EstimationParameters = Field(EstimationParameters(), description="Parameters of the estimation.")
