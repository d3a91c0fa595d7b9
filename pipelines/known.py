"""The pipelines of this server, by name."""

from collections.abc import Mapping
from importlib.metadata import version

from core.errors import NotFoundError
from pipelines.combine.configuration import CombineParameters
from pipelines.models import Pipeline
from pipelines.training.configuration import TrainingSetParameters

__all__ = ["COMBINE", "PIPELINES", "TRAINING", "pipeline_named", "pipeline_numbered"]

_VERSION = version("photoz-server")

TRAINING = Pipeline(
    1,
    "training_set_maker",
    "Training Set Maker",
    _VERSION,
    "Cross-matches a redshift catalogue with a catalogue of objects, and splits what was matched into training and "
    "validation.",
    accepts=("redshift_catalog",),
    makes="training_set",
    parameters=TrainingSetParameters,
    has_objects=True,
)

COMBINE = Pipeline(
    2,
    "combine_redshift_dedup",
    "Combine Redshift Catalogs",
    _VERSION,
    "Makes one catalogue of several, with one system of quality flags and instrument types, and finds the rows that "
    "are one object.",
    accepts=("redshift_catalog",),
    makes="redshift_catalog",
    parameters=CombineParameters,
)

#: All pipelines by name; names and numbers are those that clients of the Photo-z Server know.
PIPELINES: Mapping[str, Pipeline] = {pipeline.name: pipeline for pipeline in (TRAINING, COMBINE)}


def pipeline_named(name: str) -> Pipeline:
    """Give a pipeline by its name, or raise NotFoundError with the names there are."""
    if name not in PIPELINES:
        raise NotFoundError(f"There is no pipeline '{name[:100]}'; there are {', '.join(PIPELINES)}.", field="pipeline")
    return PIPELINES[name]


def pipeline_numbered(number: int) -> Pipeline:
    """Give a pipeline by its number, or raise NotFoundError."""
    for pipeline in PIPELINES.values():
        if pipeline.id == number:
            return pipeline
    raise NotFoundError(f"There is no pipeline with the number {number}.", field="pipeline")
