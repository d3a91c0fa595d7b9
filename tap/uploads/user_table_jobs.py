"""Work on tables of users that runs as jobs: loading rows, for which a request waits, and making indexes."""

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
    """Runs the work.

    Parameters
    ----------
    store
        Where the files are that came with rows.
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
        context.progress(1.0, f"{rows} rows were added.")

    def update(self, context: JobContext, table_id: int) -> None:
        """Put the rows of a table in order for a column, of which it is looked at whether its values are unique."""
        table = self._loader.tables.get(table_id)
        asked = context.parameters.get("INDEX", "").strip()
        names = {column.name.lower(): column for column in table.definition.columns}
        column = names.get(asked.lower())
        if column is None:
            raise InvalidValueError(f"INDEX={asked[:100]} is not a column of {table.full_name}.", field="INDEX")
        if context.parameters.get("UNIQUE", "false").strip().lower() == "true":
            self._loader.require_unique(table.id, column.name)
        sort_by = None if table.definition.position or column.arraysize not in {None, "*"} else column.name
        self._loader.merge(
            table.id, context.job.id, sort_by=sort_by, progress=context.progress, scratch=context.scratch
        )
        self._loader.tables.add_index(table.id, column.name)
        context.progress(1.0, f"The index on {column.name} is there.")
