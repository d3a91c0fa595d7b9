"""A local S3, by moto."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import s3fs
from moto.server import ThreadedMotoServer

__all__ = ["SentBytes", "counted_bytes", "running_s3"]


@dataclass(slots=True)
class SentBytes:
    """Bytes of the bodies of answers that an S3 has sent, by the paths of the objects."""

    by_path: dict[str, int] = field(default_factory=dict)


@contextmanager
def counted_bytes(server: ThreadedMotoServer) -> Iterator[SentBytes]:
    """Count what a running server sends in answer to GET while the block runs."""
    running: Any = server._server  # moto has no other way to its WSGI server
    app, counted = running.app, SentBytes()

    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        content: Iterable[bytes] = app(environ, start_response)
        if environ["REQUEST_METHOD"] != "GET":
            return content
        body = b"".join(content)
        path = environ["PATH_INFO"]
        counted.by_path[path] = counted.by_path.get(path, 0) + len(body)
        return [body]

    running.app = counting
    try:
        yield counted
    finally:
        running.app = app


@contextmanager
def running_s3(bucket: str) -> Iterator[str]:
    """Start an S3 with an empty bucket; variables of the environment have its address and credentials meanwhile."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    values = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        s3fs.S3FileSystem().mkdir(bucket)
        yield values["AWS_ENDPOINT_URL"]
    finally:
        os.environ.update(values)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().rm(bucket, recursive=True)  # all servers of a process have the same buckets
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
        running: Any = server._server
        running.server_close()  # moto leaves the socket open
