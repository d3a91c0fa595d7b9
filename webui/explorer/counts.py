"""Number of the rows of selections: known of whole tables, counted once of others."""

from collections import OrderedDict
from threading import Lock

from fastapi import Request

from core.auth.models import Identity
from tap.assembly import TapServices
from tap.models import TapTable
from webui.explorer.rows import query_rows
from webui.explorer.selection import Selection

__all__ = ["RowCounts"]

_MAX_KEPT = 4096


class RowCounts:
    """Counter of the rows of selections, which keeps its counts for the files of a table.

    Files of rows never change: with other rows a table has other files. Who may read the table is decided before.
    """

    def __init__(self, tap: TapServices) -> None:
        self._tap = tap
        self._kept: OrderedDict[object, int] = OrderedDict()
        self._lock = Lock()

    async def count(self, request: Request, identity: Identity, table: TapTable, selection: Selection) -> int:
        """Return the number of rows of a selection; raises the errors of `query_rows`."""
        if selection.is_whole and table.row_count is not None:
            return table.row_count
        condition = selection.where()
        # Files of user tables and products have names of their own, and the name of a result has its job.
        key = (table.name, table.files, table.edition, condition)
        with self._lock:
            known = self._kept.get(key) if table.files or table.upload or table.edition else None
        if known is not None:
            return known
        found = await query_rows(request, self._tap, identity, selection.adql(["COUNT(*) AS n"], order=False), 1)
        count = int(str(found.first()["n"]))
        with self._lock:
            self._kept[key] = count
            self._kept.move_to_end(key)
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return count
