"""The query engine: one locked-down query at a time in each of a few processes, Arrow batches out."""

from tap.engine.duckdb.pool import DuckDBEngine
from tap.engine.errors import QueryCrashedError, QueryFailedError, QueryMemoryError, QueryTimeoutError
from tap.engine.protocol import ArrivingTable, EngineQuery, EngineTable, QueryEngine, ResultStream, upload_limits

__all__ = [
    "ArrivingTable",
    "DuckDBEngine",
    "EngineQuery",
    "EngineTable",
    "QueryCrashedError",
    "QueryEngine",
    "QueryFailedError",
    "QueryMemoryError",
    "QueryTimeoutError",
    "ResultStream",
    "upload_limits",
]
