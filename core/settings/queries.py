"""Settings of queries: how many run, what each may take, and what comes with them."""

from pydantic import Field

from core.settings.survey_scale import SurveyScaleSettings

__all__ = ["QuerySettings"]

_MEGABYTE = 1_000_000


class QuerySettings(SurveyScaleSettings):
    """The settings of TAP: processes, memory, time, spools, and tables that are uploaded."""

    query_workers: int = Field(
        2,
        ge=1,
        description="Query processes, hence queries that run at once; long ones have half of them.",
    )
    query_waiting: int = Field(500, ge=0, description="Queries that may wait for a process before the answer is 503.")
    query_waiting_user: int = Field(
        100, ge=0, description="The same for one user, or for one address of callers without a name."
    )
    query_seconds: int = Field(60, ge=1, description="Seconds that a synchronous query may take.")
    query_async_seconds: int = Field(
        3600, ge=1, description="Seconds that an asynchronous query may take unless its author asks for another time."
    )
    query_memory_bytes: int = Field(
        1_000 * _MEGABYTE,
        ge=100 * _MEGABYTE,
        description="Memory that the engine gives to one query, in bytes.",
    )
    query_threads: int = Field(2, ge=1, description="Threads that the engine uses for one query.")
    query_temp_bytes: int = Field(
        2_000 * _MEGABYTE, ge=0, description="Temporary disk that one query may use, in bytes."
    )
    query_spool_bytes: int = Field(
        2_000 * _MEGABYTE,
        ge=0,
        description="Disk in which rows of one query may wait for a slow reader, its process being free, in bytes.",
    )
    query_spool_total_bytes: int = Field(
        10_000 * _MEGABYTE, ge=0, description="The same for all queries together, in bytes."
    )
    query_answers: int = Field(
        64, ge=1, description="Results of queries that may be sent at once before the answer is 503."
    )
    query_answers_user: int = Field(
        48, ge=1, description="The same for one user, or for one address of callers without a name."
    )
    maxrec_default: int = Field(
        100_000,
        ge=1,
        description="Rows that TAP returns when MAXREC is not given, in formats that state when rows were cut.",
    )
    maxrec_limit: int = Field(20_000_000, ge=1, description="Most rows that TAP returns in one answer.")
    max_table_upload_bytes: int = Field(
        100 * _MEGABYTE, ge=1, description="Most bytes of all tables that come with one query, or with one request."
    )
    table_upload_seconds: int = Field(
        60, ge=1, description="Seconds in which a table that a query names by its address must have arrived."
    )
    table_upload_networks: tuple[str, ...] = Field(
        (),
        description="Networks that are not public, from which tables of queries may be fetched all the same, as a "
        'JSON list: ["10.1.0.0/16"].',
    )
    max_result_bytes: int = Field(
        5_000 * _MEGABYTE, ge=1, description="Largest result of one asynchronous query, in bytes."
    )
