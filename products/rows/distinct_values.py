"""Estimated numbers of different values in the columns of stored rows, by HyperLogLog."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from products.inspection.inspection import Inspection
from products.rows.stored_columns import stored_name

__all__ = ["with_distinct_estimates"]

#: Most values of columns of real numbers that are hashed, of which a large table rarely has two alike.
_MOST_REALS = 20_000_000
_MEMORY = "500MB"


def with_distinct_estimates(inspection: Inspection, path: Path) -> Inspection:
    """Return an inspection with the estimates of those columns whose values were too many to be counted.

    The estimates are a few per cent off. Columns of arrays have none, nor have columns of real numbers in a table with
    very many of them.

    Parameters
    ----------
    path
        The stored rows of the table.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    stored = {column.name: stored_name(position) for position, column in enumerate(inspection.columns)}
    unknown = [
        name
        for name, known in inspection.statistics.items()
        if known.distinct is None and not pa.types.is_nested(schema.field(stored[name]).type)
    ]
    reals = [name for name in unknown if pa.types.is_floating(schema.field(stored[name]).type)]
    if len(reals) * inspection.rows > _MOST_REALS:
        unknown = [name for name in unknown if name not in reals]
    found = _estimates(path, [stored[name] for name in unknown])
    estimates = dict(zip(unknown, found, strict=True))
    statistics = {
        name: replace(known, distinct_estimate=min(estimates[name], known.rows - known.nulls))
        if name in estimates
        else known
        for name, known in inspection.statistics.items()
    }
    return replace(inspection, statistics=statistics)


def _estimates(path: Path, columns: list[str]) -> list[int]:
    if not columns:
        return []
    # Imported here: most processes read no rows.
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": _MEMORY,
        "autoload_known_extensions": False,
    }
    selected = ", ".join(f"approx_count_distinct({name})" for name in columns)
    with duckdb.connect(":memory:", config=config) as connection:
        row = connection.execute(f"SELECT {selected} FROM read_parquet(?)", [str(path)]).fetchone()  # noqa: S608 - our names
    return [] if row is None else list(row)
