"""Job functions of user tables: load rows, for which a request waits, and create indexes."""

from core.errors import InvalidValueError
from core.files import FileStore
from products.user_tables.loading import TableLoader
from uws import JobContext

__all__ = ["LOAD_JOB", "UPDATE_JOB", "TableJobs"]

#: Names of the kinds of job.
LOAD_JOB, UPDATE_JOB = "table-load", "table-update"

#: Parameters of a load.
TABLE_PARAMETER, FORMAT_PARAMETER, PART = ".table", ".format", "rows"


class TableJobs:
    """Job functions of user tables.

    Parameters
    ----------
    store
        Store of the uploaded files.
    """

    def __init__(self, loader: TableLoader, store: FileStore) -> None:
        self._loader = loader
        self._store = store

    def load(self, context: JobContext, stored_id: str) -> None:
        """Add the rows of a file to a table."""
        rows = self._loader.load(
            int(context.parameters[TABLE_PARAMETER]),
            self._store.local_path(stored_id),
            context.parameters[FORMAT_PARAMETER],
            context.job.id,
            progress=context.progress,
            scratch=context.scratch,
        )
        context.progress(1.0, f"{rows} rows added")

    def update(self, context: JobContext, table_id: int) -> None:
        """Create an index: sort the rows of a table by a column; with UNIQUE, check that its values are unique."""
        table = self._loader.tables.get(table_id)
        requested = context.parameters.get("INDEX", "").strip()
        names = {column.name.lower(): column for column in table.definition.columns}
        column = names.get(requested.lower())
        if column is None:
            raise InvalidValueError(f"INDEX={requested[:100]} is not a column of {table.full_name}.", field="INDEX")
        unique = context.parameters.get("UNIQUE", "false").strip().lower() == "true"
        if unique:
            self._loader.require_unique(table.id, column.name)
        sort_by = None if table.definition.position or column.arraysize not in {None, "*"} else column.name
        self._loader.merge(
            table.id, context.job.id, sort_by=sort_by, progress=context.progress, scratch=context.scratch
        )
        self._loader.tables.add_index(table.id, column.name, unique=unique)
        context.progress(1.0, f"Index on {column.name} created")
