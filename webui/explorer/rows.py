"""Rows of queries, run through the TAP service as the person who asks: with the same access rule, limits and turns."""

from dataclasses import dataclass
from functools import partial

import pyarrow as pa
from fastapi import Request

from core.auth.callers import caller_of
from core.auth.models import Identity
from core.cancellation import Cancellation
from core.columns import Column
from core.votable import canonical_arrays
from core.web.dali import DaliParameters
from tap.assembly import TapServices
from tap.handlers.turns import answer_in_turn
from tap.queues.pending import PendingQuery
from tap.service import OpenQuery

__all__ = ["Rows", "query_rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Few rows of a result, with their columns.

    Parameters
    ----------
    arrays
        One array for each column, of the Arrow types of VOTable (`core.votable.canonical_arrays`).
    """

    columns: tuple[Column, ...]
    arrays: tuple[pa.Array, ...]

    def __len__(self) -> int:
        return len(self.arrays[0]) if self.arrays else 0

    def reversed(self) -> "Rows":
        """Return the rows from the last to the first."""
        backwards = pa.array(range(len(self) - 1, -1, -1), pa.int64())
        return Rows(self.columns, tuple(array.take(backwards) for array in self.arrays))

    def first(self) -> dict[str, object]:
        """Return the values of the first row by the names of their columns; empty without rows."""
        if not len(self):
            return {}
        return {column.name: array[0].as_py() for column, array in zip(self.columns, self.arrays, strict=True)}

    def values(self, name: str) -> list[object]:
        """Return the values of a column."""
        names = [column.name for column in self.columns]
        return list(self.arrays[names.index(name)].to_pylist())


async def query_rows(request: Request, tap: TapServices, identity: Identity, adql: str, most: int) -> Rows:
    """Run a query when its turn has come, and return its first rows.

    Parameters
    ----------
    request
        The query ends when its client disconnects.
    most
        Most rows that are read.

    Raises
    ------
    core.errors.PhotozError
        The errors of `tap.service.TapService.read`: the query is wrong, takes too long, or the engine is busy.
    """
    parameters = DaliParameters([("LANG", "ADQL"), ("QUERY", adql), ("MAXREC", str(most))])
    owner = caller_of(request, identity)
    return await answer_in_turn(request, partial(_begin, tap, parameters, identity, owner, most))


def _begin(
    tap: TapServices,
    parameters: DaliParameters,
    identity: Identity,
    owner: str,
    most: int,
    cancellation: Cancellation,
) -> PendingQuery[Rows]:
    return tap.service.read(parameters, identity, partial(_first_rows, most), cancellation, owner=owner)


def _first_rows(most: int, opened: OpenQuery) -> Rows:
    batches, left = [], most
    with opened.stream as stream:
        schema = stream.schema
        for batch in stream:
            batches.append(batch.slice(0, left))
            left -= min(left, batch.num_rows)
            if not left:
                break
    columns = opened.description.columns
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    whole = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema)
    return Rows(columns, tuple(canonical_arrays(whole, columns)))
