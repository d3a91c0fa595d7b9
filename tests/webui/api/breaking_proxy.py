"""A proxy that passes everything on and breaks the first answer of every download off in its middle."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["BreakingProxy", "breaking_proxy"]

_DROPPED = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class BreakingProxy:
    """What the proxy did: the ranges that it was asked for, by path."""

    base_url: str = ""
    port: int = 0
    ranges: dict[str, list[str | None]] = field(default_factory=dict)


@contextmanager
def breaking_proxy() -> Iterator[BreakingProxy]:
    """Run the proxy; the port of the server behind it may be set later."""
    state = BreakingProxy()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            with closing(http.client.HTTPConnection("127.0.0.1", state.port, timeout=120)) as server:
                server.request(self.command, self.path, self.rfile.read(length), dict(self.headers.items()))
                answer = server.getresponse()
                body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _DROPPED:
                    self.send_header(name, value)
            self.end_headers()
            path = self.path.partition("?")[0]
            if path.endswith("/file/"):
                asked = state.ranges.setdefault(path, [])
                asked.append(self.headers.get("Range"))
                body = body[: len(body) // 2] if len(asked) == 1 else body
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.base_url = f"http://127.0.0.1:{proxy.server_port}"
    try:
        yield state
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
