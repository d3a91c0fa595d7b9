"""`PIPELINES`: the pipelines of this server by name."""

from collections.abc import Mapping

from core.errors import NotFoundError
from pipelines.combine.pipeline import CombineRedshiftCatalogs
from pipelines.estimation.pipeline import EstimateRedshifts
from pipelines.models import AnyPipeline
from pipelines.training.pipeline import TrainingSetMaker
from pipelines.validation.pipeline import ValidateEstimates

__all__ = ["COMBINE", "ESTIMATION", "PIPELINES", "TRAINING", "VALIDATION", "pipeline_by_id", "pipeline_by_name"]

TRAINING = TrainingSetMaker()
COMBINE = CombineRedshiftCatalogs()
VALIDATION = ValidateEstimates()
ESTIMATION = EstimateRedshifts()

#: All pipelines by name; names and numbers are those that clients of the Photo-z Server know.
PIPELINES: Mapping[str, AnyPipeline] = {
    pipeline.name: pipeline for pipeline in (TRAINING, COMBINE, VALIDATION, ESTIMATION)
}


def pipeline_by_name(name: str, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> AnyPipeline:
    """Return a pipeline by its name, or raise NotFoundError with the names of all."""
    if name not in definitions:
        raise NotFoundError(
            f"There is no pipeline '{name[:100]}'; there are {', '.join(definitions)}.", field="pipeline"
        )
    return definitions[name]


def pipeline_by_id(number: int, definitions: Mapping[str, AnyPipeline] = PIPELINES) -> AnyPipeline:
    """Return a pipeline by its number, or raise NotFoundError."""
    for pipeline in definitions.values():
        if pipeline.id == number:
            return pipeline
    raise NotFoundError(f"There is no pipeline with the number {number}.", field="pipeline")
