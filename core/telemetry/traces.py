"""Spans of OpenTelemetry for requests, queries and jobs, when traces are exported; otherwise they do nothing.

The libraries are those of the extra ``traces`` and are imported by `export_traces` alone. A span has no secrets: the
callers give templates of paths and ids, and of an error only its class.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

__all__ = [
    "ENDPOINT_VARIABLES",
    "OpenSpan",
    "TracesTarget",
    "begin_span",
    "export_traces",
    "process_spans",
    "span",
    "traces_are_installed",
    "traces_target",
]

#: Variables of OpenTelemetry that name a collector.
ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_PATH = "/v1/traces"  # OTLP/HTTP 1.0

_log = logging.getLogger(__name__)

_Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class TracesTarget:
    """Where spans go.

    Parameters
    ----------
    endpoint
        Address of the collector, such as ``http://127.0.0.1:4318``; None for that of OpenTelemetry's variables.
    service
        Name of this server in the traces.
    """

    endpoint: str | None
    service: str


class _Export:
    """Where the spans of this process go."""

    target: TracesTarget | None = None
    tracer: "Tracer | None" = None


class OpenSpan:
    """A span that has begun; it does nothing when traces are not exported.

    Parameters
    ----------
    span
        The span of OpenTelemetry.
    """

    __slots__ = ("_span",)

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Set the name, which may be known late."""
        if self._span is not None:
            self._span.update_name(name)

    def set(self, attributes: Mapping[str, _Value | None]) -> None:
        """Add attributes; those without a value are left out."""
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def fail(self, reason: str) -> None:
        """Mark the operation as failed, with a word for the reason."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", reason)
            self._span.set_status(StatusCode.ERROR)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the parent of the spans that begin in the block, also in threads that it waits for."""
        if self._span is None:
            yield
            return
        from opentelemetry.trace import use_span

        with use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield

    def end(self) -> None:
        """End the span now."""
        if self._span is not None:
            self._span.end()


def begin_span(
    name: str, attributes: Mapping[str, _Value | None] | None = None, *, headers: Mapping[str, str] | None = None
) -> OpenSpan:
    """Begin a span below the current one; the caller ends it, in any thread.

    Parameters
    ----------
    headers
        Headers of a request, which is a span of its own below that which ``traceparent`` names (W3C Trace Context).
    """
    tracer = _Export.tracer
    if tracer is None:
        return OpenSpan()
    from opentelemetry.trace import SpanKind

    kind = SpanKind.INTERNAL if headers is None else SpanKind.SERVER
    begun = OpenSpan(tracer.start_span(name, context=None if headers is None else _remote(headers), kind=kind))
    begun.set(attributes or {})
    return begun


@contextmanager
def span(
    name: str, attributes: Mapping[str, _Value | None] | None = None, *, headers: Mapping[str, str] | None = None
) -> Iterator[OpenSpan]:
    """Run a block as a span, which is the current one meanwhile; an exception marks it as failed.

    Parameters
    ----------
    headers
        As in `begin_span`.
    """
    begun = begin_span(name, attributes, headers=headers)
    try:
        with begun.current():
            yield begun
    except BaseException as e:
        begun.fail(type(e).__name__)
        raise
    finally:
        begun.end()


def export_traces(target: TracesTarget | None) -> None:
    """Send the spans of this process to a collector, by OTLP over HTTP; nothing when there is none."""
    if target is None or (target.endpoint is None and not any(map(os.environ.get, ENDPOINT_VARIABLES))):
        return
    if not traces_are_installed():
        _log.warning("%s is set, but OpenTelemetry is not installed: no traces", ENDPOINT_VARIABLES[-1])
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint = target.endpoint and target.endpoint.rstrip("/").removesuffix(_PATH) + _PATH
    _Export.tracer = _tracer(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)), target.service)
    _Export.target = target


@contextmanager
def process_spans(processor: "SpanProcessor | None", service: str = "photoz") -> Iterator[None]:
    """Give the spans that begin in the block to a processor; make none when it is None."""
    before = _Export.target, _Export.tracer
    _Export.target, _Export.tracer = None, None if processor is None else _tracer(processor, service)
    try:
        yield
    finally:
        _Export.target, _Export.tracer = before


def traces_are_installed() -> bool:
    """Return whether the libraries of the extra ``traces`` are there."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def traces_target() -> TracesTarget | None:
    """Return where the spans of this process go, for processes that it starts."""
    return _Export.target


def _tracer(processor: "SpanProcessor", service: str) -> "Tracer":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(processor)
    return provider.get_tracer("photoz")


def _remote(headers: Mapping[str, str]) -> "Context":
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(headers)
