"""Job function of asynchronous queries (TAP 1.1 §2.3)."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa

from core.auth.models import Identity, Scope
from core.database import utc_now
from core.errors import PhotozError
from core.settings import Settings
from core.web.dali import DaliParameters
from tap.async_queries.cluster_lane import ClusterLane
from tap.async_queries.result_files import ResultFiles
from tap.async_queries.warm_engine import WarmEngine
from tap.engine import QueryEngine, QueryFailedError, QueryTimeoutError, ResultStream
from tap.metadata.catalog import TableCatalog
from tap.metadata.survey_catalogues.plans import TooLargeScanError
from tap.service import OpenQuery, TapService
from tap.uploads.tap_upload import Uploads
from uws import Job, JobContext

__all__ = ["QueryJobList"]

#: The query is stopped shortly before its job would be, so that the job has the error of the query.
_MARGIN_SECONDS, _MARGIN_PART = 4.0, 0.2
_REPORT_SECONDS = 1.0


class QueryJobList:
    """Job function of queries, which run one at a time in an engine of the worker process.

    Parameters
    ----------
    identity_of
        Returns the current identity of an active account with a scope.
    cluster
        Where queries run that read too much of survey catalogues for this server, if there is a cluster.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: TableCatalog,
        results: ResultFiles,
        identity_of: Callable[[str, Scope], Identity],
        uploads: Uploads,
        cluster: ClusterLane | None = None,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._results = results
        self._identity_of = identity_of
        self._uploads = uploads
        self._cluster = cluster
        self._engine = WarmEngine()

    def run(self, context: JobContext) -> None:
        """Run the query of a job and store its result.

        Raises
        ------
        PhotozError
            A parameter or the query is not valid, or the query failed or exceeded its time.
        """
        with self._engine.use(context.scratch.parent) as engine:
            context.progress(0.0, "Running the query")
            service = TapService(self._settings, self._catalog, engine, self._uploads)
            try:
                opened = self._opened(service, engine, context)
                with opened.stream as stream:
                    rows = _Rows(stream, context)
                    size = self._results.write(
                        context.job.id,
                        context.scratch,
                        _complete(opened.write(rows), rows),
                        opened.tables,
                        quota=context.remaining_result_bytes(),
                    )
            except QueryTimeoutError as e:
                raise _duration_error(context.job, self._settings.job_seconds_limit) from e
        context.progress(1.0, f"{rows.count} rows")
        context.add_result("result", "results/result", opened.result_format.content_type, size)

    def _opened(self, service: TapService, local: QueryEngine, context: JobContext) -> OpenQuery:
        """Start the query of a job here, or on the cluster when it reads too much for this server."""
        job = context.job
        parameters, identity = DaliParameters(_pairs(job), job.files), job.identity(self._identity_of)
        try:
            return service.open(parameters, identity, seconds=_seconds_left(job))
        except TooLargeScanError as e:
            if self._cluster is None:
                raise
            context.log(f"{e} The query runs on the cluster.")
        context.progress(0.0, "Running the query on the cluster")
        engine = self._cluster.engine(local, partial(_report, context))
        on_cluster = TapService(self._settings, self._cluster.catalog, engine, self._uploads)
        return on_cluster.open(parameters, identity, seconds=_seconds_left(job))


def _report(context: JobContext, share: float) -> None:
    context.progress(0.9 * share, f"{share:.0%} of the tasks of the cluster are done")


class _Rows:
    """Batches of a stream, with a count of their rows and the error that a format may write in its own way."""

    def __init__(self, stream: ResultStream, context: JobContext) -> None:
        self._stream = stream
        self._context = context
        self.count = 0
        self.failure: PhotozError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        reported = time.monotonic()
        try:
            for batch in self._stream:
                self.count += batch.num_rows
                if time.monotonic() - reported > _REPORT_SECONDS:
                    self._context.progress(0.5, f"{self.count} rows")
                    reported = time.monotonic()
                yield batch
        except PhotozError as e:
            self.failure = e
            raise


def _complete(chunks: Iterator[bytes], rows: _Rows) -> Iterator[bytes]:
    """Yield the bytes of a result; at the end raise the error that truncated it."""
    yield from chunks
    if rows.failure is not None:
        raise rows.failure


def _pairs(job: Job) -> Iterator[tuple[str, str]]:
    for name, value in job.parameters.items():
        if name == "UPLOAD":
            yield from ((name, upload) for upload in value.split(";"))
        else:
            yield name, value


def _seconds_left(job: Job) -> float:
    allowed = float(job.execution_duration)
    used = 0.0 if job.started is None else (utc_now() - job.started).total_seconds()
    return max(allowed - used - min(_MARGIN_SECONDS, _MARGIN_PART * allowed), 0.1)


def _duration_error(job: Job, longest: int) -> QueryFailedError:
    return QueryFailedError(
        f"The query was stopped because it took longer than the {job.execution_duration} s of its job. Narrow it (a "
        f"smaller region, TOP, fewer joins), or set a longer executionduration, of up to {longest} s, before it is run."
    )
