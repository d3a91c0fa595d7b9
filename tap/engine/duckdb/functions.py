"""Registration of kernels as functions of a DuckDB instance."""

from collections.abc import Iterable

import duckdb
from duckdb.func import ARROW, SPECIAL

from tap.kernels import KERNELS, Kernel

__all__ = ["register_kernels"]


def register_kernels(connection: duckdb.DuckDBPyConnection, kernels: Iterable[Kernel] = KERNELS.values()) -> None:
    """Register kernels in an instance."""
    for kernel in kernels:
        # DuckDB returns NULL for NULL arguments without a call, unless null handling is "special".
        connection.create_function(
            kernel.name, kernel.function, list(kernel.arguments), kernel.result, type=ARROW, null_handling=SPECIAL
        )
