"""Answers to requests for a plot: its queries run in turn as the caller, and each answer is kept for the next plot."""

import gzip
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from core.auth.models import Identity
from core.columns import column_of_field
from core.errors import InvalidValueError, PhotozError
from core.votable import Info, TableDescription, write_votable
from tap.assembly import TapServices
from tap.models import TapTable
from webui.explorer.plots.answers import KeptAnswers
from webui.explorer.plots.bin_tables import bin_table
from webui.explorer.plots.computation import PlotContent, compute_plot, draw_plot
from webui.explorer.plots.drawing.canvas import message_drawing
from webui.explorer.plots.forms import plots_of
from webui.explorer.plots.queries import SelectedRows, Steps
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.rows import query_rows
from webui.explorer.selection import Selection
from webui.pages.explorer.explored import Explored
from webui.pages.rendering.templates import PageRenderer
from webui.static_files import StaticAddresses

__all__ = ["PlotAnswers"]

#: Most rows of an answer: the cells of a map of 400 times 400.
_MOST_ROWS = 170_000
#: To be raised when plots of the same rows are drawn otherwise.
_VERSION = 1


@dataclass(frozen=True)
class PlotAnswers:
    """Computes plots for requests."""

    tap: TapServices
    kept: KeptAnswers = field(default_factory=KeptAnswers)
    addresses: StaticAddresses = field(default_factory=StaticAddresses)

    async def drawing(self, request: Request, identity: Identity, found: Explored) -> Response:
        """Return the drawing of a plot; one with a message if it cannot be computed, with the status of the error."""
        title = request.query_params.get("plot", "Plot")[:100]
        try:
            specification = _specification(request, found)
            etag = self._etag(found, specification)
            if etag and etag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers={"ETag": etag, "Vary": "Accept-Encoding"})
            content = await self._compute(request, identity, found, specification)
            document = await run_in_threadpool(draw_plot, content, specification)
        except PhotozError as e:
            answer = PageRenderer.drawing(message_drawing(title, e.message))
            answer.status_code = e.status
            if e.retry_after is not None:
                answer.headers["Retry-After"] = str(e.retry_after)
            return answer
        return await run_in_threadpool(_compressed, request, document, {"ETag": etag} if etag else {})

    async def table(self, request: Request, identity: Identity, found: Explored, ending: str) -> Response:
        """Return what a plot shows as CSV or VOTable; raises the errors of its queries."""
        specification = _specification(request, found)
        content = await self._compute(request, identity, found, specification)
        table = await run_in_threadpool(bin_table, content)
        name = f"{specification.kind.name}.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
        if ending == "csv":
            return Response(_csv(table), media_type="text/csv; header=present", headers=headers)
        rows = _rows_of(found.selection)
        infos = (
            Info("plot", specification.text),
            Info("table", rows.table),
            Info("condition", rows.condition or "none"),
        )
        document = await run_in_threadpool(_votable, table, specification.title, infos)
        return Response(document, media_type="application/x-votable+xml", headers=headers)

    async def _compute(
        self, request: Request, identity: Identity, found: Explored, specification: PlotSpecification
    ) -> PlotContent:
        steps = compute_plot(_rows_of(found.selection), specification)
        answer: pa.Table | None = None
        while True:
            query = await run_in_threadpool(_next, steps, answer)
            if not isinstance(query, str):
                return query
            answer = await self._answer(request, identity, found.table, query)

    async def _answer(self, request: Request, identity: Identity, table: TapTable, query: str) -> pa.Table:
        key = (table.name, table.files, query)
        answer = self.kept.get(key)
        if answer is None:
            rows = await query_rows(request, self.tap, identity, query, _MOST_ROWS)
            answer = pa.table(list(rows.arrays), names=[column.name for column in rows.columns])
            self.kept.keep(key, answer)
        return answer

    def _etag(self, found: Explored, specification: PlotSpecification) -> str:
        """Return the tag of a drawing; empty for tables whose rows are not in files."""
        if not found.table.files:
            return ""
        rows = _rows_of(found.selection)
        style = self.addresses.version("plot-drawing.css")
        of = (_VERSION, style, rows, [str(path) for path in found.table.files], specification.text)
        return f'W/"{hashlib.sha256(repr(of).encode()).hexdigest()[:24]}"'


def _specification(request: Request, found: Explored) -> PlotSpecification:
    if found.error is not None:
        raise found.error
    plots = plots_of(request.query_params, found.selection.source)
    if len(plots) != 1:
        raise InvalidValueError(f"The address names {len(plots)} plots; give the parameter 'plot' once.")
    return plots[0]


def _rows_of(selection: Selection) -> SelectedRows:
    source = selection.source
    position = (
        None if source.position is None else (source.quoted(source.position[0]), source.quoted(source.position[1]))
    )
    return SelectedRows(source.name, selection.where(), position)


def _next(steps: Steps[PlotContent], answer: pa.Table | None) -> str | PlotContent:
    """Return the next query of a plot, or the plot."""
    try:
        return next(steps) if answer is None else steps.send(answer)
    except StopIteration as e:
        content: PlotContent = e.value
        return content


def _compressed(request: Request, document: bytes, headers: Mapping[str, str]) -> Response:
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    answer = PageRenderer.drawing(gzip.compress(document, 5, mtime=0) if takes_gzip else document)
    answer.headers.update({**headers, "Vary": "Accept-Encoding"})
    if takes_gzip:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _csv(table: pa.Table) -> bytes:
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(table, sink, csv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def _votable(table: pa.Table, title: str, infos: tuple[Info, ...]) -> bytes:
    columns = tuple(column_of_field(entry) for entry in table.schema)
    description = TableDescription(columns, description=title, infos=infos)
    return b"".join(write_votable(description, table.to_batches(), serialization="TABLEDATA", limit=None))
