"""A small HTTP server that breaks off, lies and refuses, to see what the client makes of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "LocalServer", "local_server"]


@dataclass(frozen=True)
class Answer:
    """What a path answers.

    Parameters
    ----------
    breaks
        How often the answer breaks off in the middle before it is whole.
    etag
        When given, ranges are honoured for those who ask for this version.
    location
        Where the answer redirects to.
    busy
        How often the status is sent, with ``Retry-After``; then it is 200.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    breaks: int = 0
    etag: str | None = None
    location: str | None = None
    busy: int = 0


@dataclass
class LocalServer:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)


@contextmanager
def local_server() -> Iterator[LocalServer]:
    """Serve the answers of a table, which may be changed while it runs; ``/api/`` answers that the token holds."""
    state = LocalServer("", {"/api/": Answer(b"{}")})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            state.requests.append((self.command, path, self.headers.get("Range")))
            answer = state.answers.get(path, Answer(b'{"detail": "There is nothing."}', 404))
            start, status = 0, answer.status
            if answer.etag and self.headers.get("If-Range") == f'"{answer.etag}"':
                start, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
            if answer.busy and state.busy.get(path, 0) >= answer.busy:
                status = 200
            state.busy[path] = state.busy.get(path, 0) + 1
            body = answer.body[start:]
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            if answer.location:
                self.send_header("Location", answer.location)
            if answer.busy:
                self.send_header("Retry-After", "0")
            self.end_headers()
            if state.broken.get(path, 0) < answer.breaks:
                state.broken[path] = state.broken.get(path, 0) + 1
                body = body[: len(body) // 2]
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is that of the base class

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
