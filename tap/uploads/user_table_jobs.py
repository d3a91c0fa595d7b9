"""Job functions of user tables: load rows, for which a request waits, and create indexes."""

from collections.abc import Callable, Iterator

from core.auth.models import Identity, Scope
from core.errors import InvalidValueError
from core.files import FileStore
from products.user_tables.loading import TableLoader
from uws import Job, JobContext, JobKind

__all__ = ["LOAD_JOB", "UPDATE_JOB", "TableJobs"]

#: Names of the kinds of job.
LOAD_JOB, UPDATE_JOB = "table-load", "table-update"

#: Parameters of a load.
TABLE_PARAMETER, FORMAT_PARAMETER, PART = ".table", ".format", "rows"


class TableJobs:
    """Jobs of user tables: their kinds and functions.

    Parameters
    ----------
    loader, store
        Return the loader of rows, and the store of uploaded files; called when a job runs or ends.
    identity_of
        Returns the identity of a user by name.
    """

    def __init__(
        self,
        loader: Callable[[], TableLoader],
        store: Callable[[], FileStore],
        identity_of: Callable[[str, Scope], Identity],
    ) -> None:
        self._loader = loader
        self._store = store
        self._identity_of = identity_of

    def kinds(self, seconds: int) -> Iterator[JobKind]:
        """Yield the kinds of job, which may take so many seconds."""
        yield JobKind(
            LOAD_JOB,
            self._load,
            retry=True,
            seconds=seconds,
            on_end=self._remove_file,
            on_destroy=self._remove_file,
            label="Load of a user table",
        )
        yield JobKind(
            UPDATE_JOB,
            self._update,
            retry=True,
            seconds=seconds,
            label="Index of a user table",
            path="/tap/table-update",
        )

    def _load(self, context: JobContext) -> None:
        """Add the rows of a file to a table."""
        rows = self._loader().load(
            int(context.parameters[TABLE_PARAMETER]),
            self._store().local_path(context.job.files[PART]),
            context.parameters[FORMAT_PARAMETER],
            context.job.id,
            progress=context.progress,
            scratch=context.scratch,
        )
        context.progress(1.0, f"{rows} rows added")

    def _remove_file(self, job: Job) -> None:
        for stored_id in job.files.values():
            self._store().delete(stored_id)

    def _update(self, context: JobContext) -> None:
        """Create an index: sort the rows of a table by a column; with UNIQUE, check that its values are unique."""
        loader, identity = self._loader(), context.job.identity(self._identity_of)
        table = loader.tables.require_quota(identity, context.parameters.get("TABLE", "").strip())
        requested = context.parameters.get("INDEX", "").strip()
        names = {column.name.lower(): column for column in table.definition.columns}
        column = names.get(requested.lower())
        if column is None:
            raise InvalidValueError(f"INDEX={requested[:100]} is not a column of {table.full_name}.", field="INDEX")
        unique = context.parameters.get("UNIQUE", "false").strip().lower() == "true"
        if unique:
            loader.require_unique(table.id, column.name)
        sort_by = None if table.definition.position or column.arraysize not in {None, "*"} else column.name
        loader.merge(table.id, context.job.id, sort_by=sort_by, progress=context.progress, scratch=context.scratch)
        loader.tables.add_index(table.id, column.name, unique=unique)
        context.progress(1.0, f"Index on {column.name} created")
