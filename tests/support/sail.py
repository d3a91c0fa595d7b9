"""A server of Spark Connect in this process: Sail."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

__all__ = ["require_spark_client", "running_sail"]


def require_spark_client() -> None:
    """Skip the test where the client of Spark Connect is not installed."""
    if find_spec("pyspark") is None:
        pytest.skip("the extra 'spark' is not installed")
    main = sys.modules["__main__"]
    if main.__spec__ is None and not hasattr(main, "__file__"):
        main.__file__ = __file__  # else pyspark takes a worker of xdist for one of its own doctests


@contextmanager
def running_sail() -> Iterator[str]:
    """Give the address of a server within the block; skip the test where there is none."""
    if find_spec("pysail") is None:
        pytest.skip("pysail is not installed")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        host, port = server.listening_address
        yield f"sc://{host}:{port}"
    finally:
        server.stop()
