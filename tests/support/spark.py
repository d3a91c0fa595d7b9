"""A server of Spark Connect for tests: one that is named in the environment, or Sail in this process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

__all__ = ["spark_connect"]

#: Address of a server that runs, such as sc://127.0.0.1:15002 of Apache Spark.
_GIVEN = "TEST_SPARK_REMOTE"


@contextmanager
def spark_connect() -> Iterator[str]:
    """Give the address of a server within the block; skip the test where there is none."""
    if find_spec("pyspark") is None:
        pytest.skip("the extra 'spark' is not installed")
    main = sys.modules["__main__"]
    if main.__spec__ is None and not hasattr(main, "__file__"):
        main.__file__ = __file__  # else pyspark takes a worker of xdist for one of its own doctests
    if given := os.environ.get(_GIVEN):
        yield given
        return
    if find_spec("pysail") is None:
        pytest.skip(f"pysail is not installed, and {_GIVEN} names no server of Spark Connect")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        host, port = server.listening_address
        yield f"sc://{host}:{port}"
    finally:
        server.stop()
