"""Query engines: the protocol, its values and errors, and the engine of DuckDB processes.

Other packages import only the names below.
"""

from tap.engine.duckdb.pool import DuckDBEngine
from tap.engine.duckdb.spool_budget import SpoolLimits
from tap.engine.errors import (
    QueryCrashedError,
    QueryFailedError,
    QueryMemoryError,
    QueryTimeoutError,
    SlowReaderError,
    busy_error,
)
from tap.engine.file_columns import Conversion, FileColumn
from tap.engine.protocol import (
    Admission,
    EngineLoad,
    EngineQuery,
    EngineTable,
    QueryEngine,
    QueueExchange,
    ResultStream,
    TableSize,
    UploadedFile,
    WaitingElsewhere,
    upload_limits,
)

__all__ = [
    "Admission",
    "Conversion",
    "DuckDBEngine",
    "EngineLoad",
    "EngineQuery",
    "EngineTable",
    "FileColumn",
    "QueryCrashedError",
    "QueryEngine",
    "QueryFailedError",
    "QueryMemoryError",
    "QueryTimeoutError",
    "QueueExchange",
    "ResultStream",
    "SlowReaderError",
    "SpoolLimits",
    "TableSize",
    "UploadedFile",
    "WaitingElsewhere",
    "busy_error",
    "upload_limits",
]
