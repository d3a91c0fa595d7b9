"""A small web server of this machine, from which a server may be told to fetch files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FileServer", "file_server"]


@dataclass(slots=True)
class FileServer:
    """What it serves, and what was asked for so far.

    Parameters
    ----------
    port
        It listens there on every address of the loopback network, so that forbidden ones would be answered, too.
    """

    port: int
    contents: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of its root, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, content: bytes) -> None:
        """Serve a file."""
        self.contents[path] = content

    def redirect(self, path: str, target: str) -> None:
        """Lead from one address to another."""
        self.moved[path] = target


@contextmanager
def file_server() -> Iterator[FileServer]:
    """Start a server; it ends with the block."""
    server = FileServer(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            content = server.contents.get(self.path, b"")
            self.send_response(302 if self.path in server.moved else 200 if content else 404)
            if self.path in server.moved:
                self.send_header("Location", server.moved[self.path])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as running:  # noqa: S104 - see FileServer
        server.port = running.server_port
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()
