"""Small web servers of this machine, from which a server may be told to fetch files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["FileServer", "RangeHandler", "file_server", "folder_over_http"]


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


class RangeHandler(SimpleHTTPRequestHandler):
    """Handler that sends files, and ranges of them, and logs nothing.

    Attributes
    ----------
    ranges
        Whether it knows ranges; else it sends whole files.
    """

    ranges = True

    def do_GET(self) -> None:
        path, header = Path(self.translate_path(self.path)), self.headers.get("Range")
        if header is None or not self.ranges or not path.is_file():
            super().do_GET()
            return
        start, end = header.removeprefix("bytes=").split("-")
        content = path.read_bytes()[int(start) : int(end) + 1 if end else None]
        self.count(len(content))
        self.send_response(206)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Range", f"bytes {start}-{int(start) + len(content) - 1}/{path.stat().st_size}")
        self.end_headers()
        self.wfile.write(content)

    def count(self, length: int) -> None:
        """Note that so many bytes of ``path`` are sent."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def folder_over_http(folder: Path, handler: type[RangeHandler] = RangeHandler) -> Iterator[str]:
    """Serve a folder at the address that is given, until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
