"""Files that came with the parameters of a job: where they are stored, kept with the job until it has ended."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from core.files import Staging
from uws.models import Job

__all__ = ["FILES_PARAMETER", "JobFiles", "files_of_job", "files_parameter"]

#: Where the files stand among a job's parameters; no parameter that a client may set begins with a dot.
FILES_PARAMETER = ".files"


class JobFiles(Protocol):
    """What stores the files that come with parameters."""

    def stager(self) -> Callable[[], Staging]:
        """Give what begins each of the files of one request."""

    def remove(self, ids: Iterable[str]) -> None:
        """Remove files that no job needs any more."""


def files_of_job(job: Job) -> dict[str, str]:
    """Give the ids of the files of a job, by the names of the parts in which they came."""
    files: dict[str, str] = json.loads(job.parameters.get(FILES_PARAMETER, "{}"))
    return files


def files_parameter(files: Mapping[str, str], job: Job | None = None) -> dict[str, str]:
    """Give the parameter that keeps files with a job, beside those that it has; nothing when none came."""
    if not files:
        return {}
    return {FILES_PARAMETER: json.dumps((files_of_job(job) if job else {}) | dict(files))}
