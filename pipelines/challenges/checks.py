"""Checks of submissions, one sentence each, and of the truth of a task set when a challenge is opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.columns import COMPUTED_UTYPE
from core.errors import ConflictError, InvalidValueError, PhotozError, TooLargeError, UnreadableFileError
from core.photoz.forms import DensityForm
from pipelines.challenges.definition import ChallengeDefinition, TaskSet
from pipelines.challenges.files import ChallengeFiles, TableFile
from pipelines.challenges.models import CHECKS, CheckResult
from pipelines.challenges.scoring import read_truth
from pipelines.inputs.rows import RowSource
from pipelines.validation.columns import density_form
from pipelines.validation.estimates import read_columns
from pipelines.validation.matching import comparable_ids

__all__ = ["check_submission", "check_truth", "column_like", "file_check", "test_ids"]

_MOST_NAMED = 3
_MOST_LISTED = 12
_NOT_DONE = "Not checked, because an earlier check failed."


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of a submission: those of its author, and the densities."""

    ancillary: tuple[str, ...]
    density: tuple[str, DensityForm] | None


def check_submission(files: ChallengeFiles, file: TableFile, task: TaskSet) -> tuple[CheckResult, ...]:
    """Run the checks of a submission; those that depend on a failed one are not done.

    Raises
    ------
    ConflictError
        The test products cannot be read.
    """
    results = list(_checked(files, file, task))
    done = {result.name for result in results}
    return (*results, *(CheckResult(name, passed=False, sentence=_NOT_DONE) for name in CHECKS if name not in done))


def file_check(file: TableFile) -> CheckResult:
    """Return the first check, which reads nothing: the file is there."""
    return CheckResult("file", passed=True, sentence=f"The file {file.name} has {file.size} bytes.")


def check_truth(files: ChallengeFiles, task: TaskSet, definition: ChallengeDefinition) -> None:
    """Check that the objects of the test products have a truth.

    Raises
    ------
    InvalidValueError
        The truth cannot be read, objects of the test products are missing in it, or a part is too small.
    """
    wanted = test_ids(files, task)
    truth = read_truth(files, task, definition)
    ids, known = comparable_ids(wanted, truth.ids)
    missing = ids.filter(pc.invert(pc.is_in(ids, value_set=known)))
    if len(missing):
        raise InvalidValueError(
            f"Task set '{task.name}': the truth lacks {_objects(len(missing))} of the test products "
            f"({_named(missing)}).",
            field="tasks",
        )


def test_ids(files: ChallengeFiles, task: TaskSet) -> pa.Array:
    """Return the identifiers of the test products of a task set.

    Raises
    ------
    InvalidValueError
        A test product has no column of identifiers.
    """
    found = []
    for number in task.test:
        with files.opened(files.of_product(number)) as rows:
            name = column_like(rows.schema.names, task.id_column)
            if name is None:
                raise InvalidValueError(f"The test product {number} has no column '{task.id_column}'.", field="tasks")
            found.append(read_columns(rows, [name])[name])
    if len({each.type for each in found}) > 1:
        found = [each.cast(pa.large_string()) for each in found]
    return pa.concat_arrays(found)


def column_like(names: Sequence[str], wanted: str) -> str | None:
    """Return the column of a name; without one, that whose name differs in case and underscores alone."""
    plain = wanted.replace("_", "").casefold()
    return next(
        (name for name in (wanted, *names) if name in names and name.replace("_", "").casefold() == plain), None
    )


def _checked(files: ChallengeFiles, file: TableFile, task: TaskSet) -> Iterator[CheckResult]:
    yield file_check(file)
    try:
        with files.opened(file) as rows:
            yield from _table_checks(files, rows, task)
    except (InvalidValueError, UnreadableFileError, TooLargeError) as error:  # others are no fault of the file
        yield CheckResult("ensemble", passed=False, sentence=error.message)


def _table_checks(files: ChallengeFiles, rows: RowSource, task: TaskSet) -> Iterator[CheckResult]:
    columns = _columns_of(rows)
    density = columns.density
    if density is None:
        sentence = "The file has no densities p(z)"
        sentence += "; write a qp ensemble." if task.needs_densities else ", which this task set does not need."
        yield CheckResult("ensemble", passed=not task.needs_densities, sentence=sentence)
    else:
        yield CheckResult("ensemble", passed=True, sentence=f"The file has densities of the form {density[1].name}.")
    if not columns.ancillary:
        yield CheckResult("ancillary", passed=False, sentence="The ensemble has no ancillary data (group ancil).")
        return
    listed = ", ".join(columns.ancillary[:_MOST_LISTED])
    yield CheckResult("ancillary", passed=True, sentence=f"The file has the ancillary columns {listed}.")
    missing = [name for name in task.required_columns if column_like(columns.ancillary, name) is None]
    yield CheckResult(
        "columns",
        passed=not missing,
        sentence=f"The ancillary data lack {', '.join(missing)}; they have {listed}."
        if missing
        else f"The ancillary data have {', '.join(task.required_columns) or 'all that is required'}.",
    )
    name = column_like(columns.ancillary, task.id_column)
    if name is None:
        sentence = f"The ancillary data lack the identifiers {task.id_column}; they have {listed}."
        yield CheckResult("identifier", passed=False, sentence=sentence)
        return
    yield CheckResult("identifier", passed=True, sentence=f"The identifiers of the objects are in {name}.")
    yield _objects_checked(read_columns(rows, [name])[name], _wanted_ids(files, task))


def _wanted_ids(files: ChallengeFiles, task: TaskSet) -> pa.Array:
    """Return the identifiers of the test products; what is wrong with these is no fault of a submission."""
    try:
        return test_ids(files, task)
    except PhotozError as error:
        raise ConflictError(
            f"The test products of the task set '{task.name}' cannot be read at present; ask the organisers to check "
            "them, and then to score the submission again."
        ) from error


def _objects_checked(ids: pa.Array, wanted: pa.Array) -> CheckResult:
    """Compare the objects of a submission with those of the test products; their order does not matter."""
    ids, wanted = comparable_ids(ids, wanted)
    problems = []
    if ids.null_count:
        problems.append(f"{_objects(ids.null_count)} without an identifier")
        ids = ids.drop_null()
    missing = wanted.filter(pc.invert(pc.is_in(wanted, value_set=ids)))
    extra = ids.filter(pc.invert(pc.is_in(ids, value_set=wanted)))
    counts = pc.value_counts(ids)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    for found, words in ((missing, "missing"), (extra, "not in the test set"), (doubled, "more than once")):
        if len(found):
            problems.append(f"{_objects(len(found))} {words} ({_named(found)})")
    if problems:
        return CheckResult(
            "objects", passed=False, sentence=f"The objects are not those of the test set: {'; '.join(problems)}."
        )
    return CheckResult("objects", passed=True, sentence=f"The {len(ids)} objects are those of the test set.")


def _columns_of(rows: RowSource) -> _Columns:
    density = density_form(rows.schema, "the submission")
    names = []
    for field in rows.schema:
        utype = (field.metadata or {}).get(b"utype", b"").decode("utf-8", "replace")
        if utype != COMPUTED_UTYPE and (density is None or field.name != density[0]):
            names.append(field.name)
    return _Columns(tuple(names), density)


def _objects(count: int) -> str:
    return "1 object" if count == 1 else f"{count} objects"


def _named(ids: pa.Array) -> str:
    more = ", …" if len(ids) > _MOST_NAMED else ""
    return ", ".join(str(value) for value in ids[:_MOST_NAMED].to_pylist()) + more
