"""Warnings of an estimation, and about parameters that differ from their defaults and have no effect."""

from collections.abc import Iterator, Mapping

from pipelines.estimation.configuration import EstimationParameters
from pipelines.estimation.estimates import Written
from pipelines.estimation.trained_models import KnownModel
from pipelines.estimation.training import TrainingSet

__all__ = ["warnings_of"]

_DEFAULTS = EstimationParameters()


def warnings_of(
    training: TrainingSet | KnownModel,
    written: Written,
    label: str,
    param: EstimationParameters,
    software: Mapping[str, str],
    *,
    uses_errors: bool,
) -> tuple[str, ...]:
    """Return what an astronomer should know of an estimation, a sentence each."""
    if isinstance(training, KnownModel):
        return (*_without_estimate(written, label), *_of_model(training, param, software))
    return (*_of_tables(training, written, label), *_of_parameters(training, param, uses_errors=uses_errors))


def _of_tables(training: TrainingSet, written: Written, label: str) -> Iterator[str]:
    yield from _without_estimate(written, label)
    for reason, count in training.left_out.items():
        yield f"{count} of {training.rows} rows of {training.label} are not trained on: {reason}."


def _without_estimate(written: Written, label: str) -> Iterator[str]:
    if written.without_density:
        yield f"{written.without_density} of {written.rows} objects of {label} have no magnitude, and no estimate."


def _of_model(model: KnownModel, param: EstimationParameters, software: Mapping[str, str]) -> Iterator[str]:
    for name in ("magnitudes", "errors", "cuts", "training_rows", "knn"):
        if getattr(param, name) != getattr(_DEFAULTS, name):
            yield f"'{name}' has no effect: the model of {model.label} was trained before."
    for name, version in model.file.software.items():
        if software.get(name) != version:
            yield f"The model was trained with {name} {version}, and is used with {software.get(name, 'none')}."


def _of_parameters(training: TrainingSet, param: EstimationParameters, *, uses_errors: bool) -> Iterator[str]:
    for name, reason in _without_effect(training, param):
        yield f"'{name}' has no effect: {reason}."
    if param.algorithm == "knn" and param.knn.weights == "errors" and not uses_errors:
        yield "There are no errors of magnitudes for both tables; neighbours are weighted by 1/distance."


def _without_effect(training: TrainingSet, param: EstimationParameters) -> Iterator[tuple[str, str]]:
    used = {"knn": set(type(param.knn).model_fields), "training_nz": {"bandwidth"}}.get(param.algorithm, set())
    for name in type(param.knn).model_fields:
        if name not in used and getattr(param.knn, name) != getattr(_DEFAULTS.knn, name):
            yield f"knn.{name}", f"the algorithm is {param.algorithm}"
    if param.knn.neighbours > len(training) and param.algorithm == "knn":
        yield "knn.neighbours", f"the training set has {len(training)} objects, which all are neighbours"
    if param.rail and not param.algorithm.startswith("rail_"):
        yield "rail", f"the algorithm is {param.algorithm}"
    if param.training_rows != "training" and "for validation" not in training.left_out and not training.has_split:
        yield "training_rows", "the training set has no column is_training_set"
    if param.algorithm == "training_nz":
        for name in ("object_magnitudes", "object_errors"):
            if getattr(param, name):
                yield name, "the algorithm uses no photometry of the objects"
