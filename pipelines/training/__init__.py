"""Training Set Maker: cross-match of redshifts with an object catalogue, split into training and validation."""

from pipelines.training.configuration import TrainingSetConfiguration, load_configuration, parse_configuration
from pipelines.training.hats import open_objects, release_catalog
from pipelines.training.objects import BatchObjects
from pipelines.training.report import TrainingSetReport
from pipelines.training.training_set import TrainingSet, make_training_set

__all__ = [
    "BatchObjects",
    "TrainingSet",
    "TrainingSetConfiguration",
    "TrainingSetReport",
    "load_configuration",
    "make_training_set",
    "open_objects",
    "parse_configuration",
    "release_catalog",
]
