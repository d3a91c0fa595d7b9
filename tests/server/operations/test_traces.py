"""Spans of requests, queries and jobs: kept in memory, and sent to a collector."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from core.telemetry.traces import (
    ENDPOINT_VARIABLES,
    TracesTarget,
    begin_span,
    export_traces,
    process_spans,
    span,
    traces_are_installed,
    traces_target,
)
from tests.server.application import Application, running_application
from tests.support.waiting import wait_for

if not traces_are_installed():
    pytest.skip("OpenTelemetry is not installed: pip install 'photoz-server[traces]'", allow_module_level=True)

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

_QUERY = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM TAP_SCHEMA.tables", "RESPONSEFORMAT": "csv"}
_TRACE, _PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # example of W3C Trace Context


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, str]]]:
    """Run a collector of OTLP over HTTP; give its address, and the names of the spans with their services."""
    received: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
                    values = {each.key: each.value.string_value for each in resource.resource.attributes}
                    for scope in resource.scope_spans:
                        received.update((each.name, values["service.name"]) for each in scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, dict[str, str]]]:
    """Return an application whose processes send their spans to a collector, with what has arrived there."""
    with pytest.MonkeyPatch.context() as patch, collector() as (address, received):
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with process_spans(None):  # puts back what was there before
            export_traces(TracesTarget(address, "Photo-z of the test"))
            with running_application(tmp_path_factory.mktemp("traces") / "data") as application:
                yield application, received


@pytest.fixture
def spans(exported: tuple[Application, dict[str, str]]) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with process_spans(SimpleSpanProcessor(exporter)):
        yield exporter


def _named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [each for each in exporter.get_finished_spans() if each.name == name]
    return found


def test_requests_queries_and_jobs_arrive_at_a_collector(exported: tuple[Application, dict[str, str]]) -> None:
    application, received = exported
    assert traces_target() is not None
    assert application.client.get("/tap/sync", params=_QUERY).status_code == 200
    job = application.client.post("/tap/async", data=_QUERY | {"PHASE": "RUN"}, follow_redirects=False)
    wait_for(lambda: application.client.get(job.headers["location"] + "/phase?WAIT=10").text == "COMPLETED")
    expected = {"GET /tap/sync", "POST /tap/async", "query translation", "query", "job tap"}
    wait_for(lambda: expected <= received.keys(), f"spans are missing: {received}")
    assert set(received.values()) == {"Photo-z of the test"}


def test_a_request_is_a_span_with_its_route_below_that_of_its_client(
    exported: tuple[Application, dict[str, str]], spans: InMemorySpanExporter
) -> None:
    client = exported[0].client
    answer = client.get("/tap/sync", params=_QUERY, headers={"traceparent": f"00-{_TRACE}-{_PARENT}-01"})
    request, query = _named(spans, "GET /tap/sync"), _named(spans, "query")
    assert request.kind is SpanKind.SERVER
    assert request.parent is not None
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (_TRACE, _PARENT)
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["http.response.body.size"] == len(answer.content)
    assert request.attributes["photoz.request_id"] == answer.headers["X-Request-Id"]
    for inner in (query, _named(spans, "query translation")):
        assert inner.context.trace_id == request.context.trace_id
        assert inner.parent is not None
        assert inner.parent.span_id == request.context.span_id
    assert "QUERY" not in str(request.attributes)


def test_the_request_of_a_job_is_found_by_the_id_of_the_job(
    exported: tuple[Application, dict[str, str]], spans: InMemorySpanExporter
) -> None:
    answer = exported[0].client.post("/tap/async", data=_QUERY, follow_redirects=False)
    request = _named(spans, "POST /tap/async")
    assert request.attributes is not None
    assert request.attributes["photoz.job_id"] == answer.headers["location"].rpartition("/")[2]


def test_secrets_of_paths_are_in_no_span(
    exported: tuple[Application, dict[str, str]], spans: InMemorySpanExporter
) -> None:
    exported[0].client.get("/api/products/download/a-very-secret-word-that-opens-something")
    exported[0].client.get("/health/live")
    (request,) = spans.get_finished_spans()  # none for what looks whether the server lives
    assert "very-secret" not in f"{request.name} {request.attributes}"


def test_a_block_that_fails_is_marked_by_the_class_of_its_error_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), span("outer"):
        raise ValueError("a secret")
    outer = _named(spans, "outer")
    assert outer.status.status_code is StatusCode.ERROR
    assert outer.attributes == {"error.type": "ValueError"}
    assert not outer.events


def test_nothing_is_exported_unless_an_address_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ENDPOINT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with process_spans(None):
        export_traces(TracesTarget(None, "photoz"))
        assert traces_target() is None
        begin_span("nothing").end()
        with span("nothing") as traced:
            traced.set({"a": 1})
            traced.fail("x")
