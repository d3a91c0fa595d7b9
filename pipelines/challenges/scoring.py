"""Scores of a submission on fixed subsets of the truth, computed by the code of the validation pipeline."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.errors import InvalidValueError, PhotozError
from pipelines.challenges.definition import PRIVATE, PUBLIC, WHOLE, ChallengeDefinition, Parts, TaskSet
from pipelines.challenges.distributions.binning import binned
from pipelines.challenges.distributions.models import Distributions
from pipelines.challenges.files import ChallengeFiles, TableFile
from pipelines.inputs.rows import RowSource
from pipelines.validation.configuration import EstimatesInput, ReferenceInput, ValidationColumns, ValidationParameters
from pipelines.validation.estimates import read_columns
from pipelines.validation.metrics import METRICS, POINT_METRICS, measured
from pipelines.validation.reference import Reference, read_reference
from pipelines.validation.resampling import standard_errors
from pipelines.validation.sample import Sample
from pipelines.validation.scoring import Scores
from pipelines.validation.validation import scored

__all__ = ["ScoredSubmission", "SubsetScore", "Truth", "read_truth", "reproduction", "score_submission"]

#: The parts whose densities are summed apart.
_PARTS = (PUBLIC, PRIVATE)
_LABEL = "the truth"
_SUBMISSION = "the submission"
_SOFTWARE = ("photoz-server", "numpy", "scipy", "pyarrow")
_POINTS = frozenset(metric.name for metric in POINT_METRICS)
#: Lowest redshift that counts as an estimate.
_LOWEST = -0.5
_TRUE = frozenset({"1", "true", "t", "yes", "y", PUBLIC})


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a task set.

    Parameters
    ----------
    is_public
        Which rows are the public part.
    sha256
        Checksum of its file.
    """

    reference: Reference
    is_public: NDArray[np.bool_]
    sha256: str

    @property
    def ids(self) -> pa.Array:
        """Identifiers of the objects."""
        return self.reference.ids

    @property
    def groups(self) -> NDArray[np.intp]:
        """The part of each row, as its place in `_PARTS`."""
        return np.where(self.is_public, 0, 1)

    def part(self, name: str) -> NDArray[np.bool_]:
        """Return which rows are the public or the private part."""
        return self.is_public if name == PUBLIC else ~self.is_public


@dataclass(frozen=True, slots=True)
class SubsetScore:
    """A metric on a subset; None where it has no value."""

    subset: str
    metric: str
    value: float | None
    uncertainty: float | None
    objects: int


@dataclass(frozen=True, slots=True)
class ScoredSubmission:
    """What the scoring of a submission found.

    Parameters
    ----------
    distributions
        Those on the public and the private part, by its name, as far as it has the objects of the smallest subset.
    """

    truth: Truth
    scores: tuple[SubsetScore, ...]
    distributions: Mapping[str, Distributions]


def read_truth(files: ChallengeFiles, task: TaskSet, definition: ChallengeDefinition) -> Truth:
    """Read the truth of a task set, and divide it into its parts.

    Raises
    ------
    InvalidValueError
        The truth lacks a column, or a part has fewer objects than the smallest subset.
    """
    file = files.of_product(task.truth)
    entry = ReferenceInput(columns=ValidationColumns(id=task.id_column, z=task.redshift_column))
    with files.opened(file) as rows:
        reference = read_reference(rows, entry, _parameters(task, definition), _LABEL)
        is_public = _public_rows(rows, task.parts, len(reference))
    for name, mask in ((PUBLIC, is_public), (PRIVATE, ~is_public)):
        count = int(np.count_nonzero(mask & reference.is_selected))
        if 0 < count < definition.limits.smallest_subset:
            raise InvalidValueError(
                f"Task set '{task.name}': the {name} part has {count} objects; the smallest subset has "
                f"{definition.limits.smallest_subset}.",
                field="tasks",
            )
    return Truth(reference, is_public, file.sha256)


def score_submission(
    files: ChallengeFiles,
    file: TableFile,
    task: TaskSet,
    definition: ChallengeDefinition,
    progress: Callable[[float, str], None],
) -> ScoredSubmission:
    """Score a submission on all subsets of its truth, and put its distributions into bins.

    Parameters
    ----------
    progress
        Is told the fraction done and the present step; raises to stop.

    Raises
    ------
    InvalidValueError
        The submission cannot be scored; the sentence reveals nothing of the truth.
    """
    progress(0.0, "Reading the truth")
    try:
        truth = read_truth(files, task, definition)
    except PhotozError as error:
        raise InvalidValueError(
            f"The truth of the task set '{task.name}' cannot be used at present; ask the organisers to check it."
        ) from error
    param = _parameters(task, definition)
    with files.opened(file) as rows:
        total = max(rows.rows or 0, 1)
        identifier = _identifier(rows, task)
        entry = EstimatesInput(columns=ValidationColumns(id=identifier))
        table, scores = scored(
            rows, entry, param, truth.reference, _SUBMISSION,
            lambda count: progress(0.05 + 0.5 * min(count / total, 1.0), "Scoring objects"), truth.groups,
        )  # fmt: skip
    _check_range(scores.sample.z_phot, table.point, param)
    found: list[SubsetScore] = []
    subsets = list(_subsets(truth, definition, scores.reference))
    for number, (name, mask) in enumerate(subsets):
        progress(0.55 + 0.45 * number / len(subsets), "Measuring subsets")
        found += _measured(name, scores.sample.take(mask), definition, param)
    return ScoredSubmission(truth, tuple(found), dict(_distributions(truth, definition, scores, param)))


def reproduction(
    submission: TableFile, truth: Truth, task: TaskSet, definition: ChallengeDefinition
) -> dict[str, object]:
    """Return what the scores of a submission were computed from."""
    return {
        "submission_sha256": submission.sha256,
        "truth_sha256": truth.sha256,
        "software": {name: version(name) for name in _SOFTWARE},
        "parameters": _parameters(task, definition).model_dump(mode="json"),
        "smallest_subset": definition.limits.smallest_subset,
        "parts": task.parts.model_dump(mode="json"),
    }


def _parameters(task: TaskSet, definition: ChallengeDefinition) -> ValidationParameters:
    return definition.parameters.model_copy(update={"match": "id", "point": task.point_column})


def _identifier(rows: RowSource, task: TaskSet) -> str:
    plain = task.id_column.replace("_", "").casefold()
    known: Sequence[str] = rows.schema.names
    names = (task.id_column, *known)
    return next(name for name in names if name in known and name.replace("_", "").casefold() == plain)


def _check_range(points: NDArray[np.float64], name: str, param: ValidationParameters) -> None:
    """Raise InvalidValueError if a point estimate is no redshift: one that is huge would decide a mean alone."""
    highest = 2 * param.grid[1]
    outside = np.isfinite(points) & ((points < _LOWEST) | (points > highest))
    if outside.any():
        raise InvalidValueError(
            f"{int(outside.sum())} of {len(points)} point estimates in {name} are not between {_LOWEST:g} and "
            f"{highest:g}, such as {points[outside][0]:g}; use NaN where there is no estimate."
        )


def _public_rows(rows: RowSource, parts: Parts, count: int) -> NDArray[np.bool_]:
    """Return which rows of a truth are the public part: by a column, or by the seed and the order of the rows."""
    if parts.column is None:
        drawn: NDArray[np.bool_] = np.random.default_rng(parts.seed).random(count) < parts.public_fraction
        return drawn
    if parts.column not in rows.schema.names:
        raise InvalidValueError(f"The truth has no column '{parts.column}', which divides it.", field="tasks")
    values = read_columns(rows, [parts.column])[parts.column].to_pylist()
    return np.array([_text(value) in _TRUE for value in values], dtype=np.bool_)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


def _subsets(
    truth: Truth, definition: ChallengeDefinition, rows: NDArray[np.int64]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the subsets of a truth that are large enough, each with the objects of a submission that lie in it.

    They depend on the truth alone: no submission chooses the objects of which a metric is computed.
    """
    reference, smallest = truth.reference, definition.limits.smallest_subset
    parts = {WHOLE: np.ones(len(reference), dtype=np.bool_), PUBLIC: truth.is_public, PRIVATE: ~truth.is_public}
    for name, part in parts.items():
        selected = part & reference.is_selected
        if np.count_nonzero(selected) >= smallest:
            yield name, part[rows]
    bins = (("z_true", reference.z, definition.parameters.z_edges),
            ("magnitude", reference.magnitude, definition.parameters.magnitude_edges))  # fmt: skip
    for name in (PUBLIC, PRIVATE):
        for by, values, edges in bins:
            for low, high in pairwise(edges):
                inside = parts[name] & (values >= low) & (values < high)
                if np.count_nonzero(inside & reference.is_selected) >= smallest:
                    yield f"{name} {by} {low:g}-{high:g}", inside[rows]


def _distributions(
    truth: Truth, definition: ChallengeDefinition, scores: Scores, param: ValidationParameters
) -> Iterator[tuple[str, Distributions]]:
    """Yield the distributions on the parts that are large enough."""
    for number, name in enumerate(_PARTS):
        part = truth.part(name)
        if np.count_nonzero(part & truth.reference.is_selected) >= definition.limits.smallest_subset:
            sample, groups = scores.sample.take(part[scores.reference]), scores.group_stacks
            stack = groups[number] if number < len(groups) else np.zeros_like(groups[0])
            yield name, binned(sample, stack, truth.reference, part, param)


def _measured(
    subset: str, sample: Sample, definition: ChallengeDefinition, param: ValidationParameters
) -> Iterator[SubsetScore]:
    """Yield the metrics of a subset: all of a part, those of the board of a bin.

    A metric of fewer objects than the smallest subset has no value: a submission could otherwise leave out the
    estimates of all objects but a few, and learn their truth.
    """
    smallest = definition.limits.smallest_subset
    generator = np.random.default_rng([param.random_seed, crc32(subset.encode())])
    values = measured(sample)
    errors = standard_errors(sample, param.bootstrap, generator)
    board: Sequence[str] = [metric.name for metric in definition.metrics]
    names = board if " " in subset else [metric.name for metric in METRICS]
    enough: Mapping[bool, bool] = {
        True: len(sample.points) >= smallest,
        False: len(sample.densities) >= smallest,
    }
    for name in names:
        has_value = enough[name in _POINTS] and math.isfinite(values[name])
        error = errors.get(name, math.nan)
        yield SubsetScore(
            subset,
            name,
            values[name] if has_value else None,
            error if has_value and math.isfinite(error) else None,
            len(sample),
        )
