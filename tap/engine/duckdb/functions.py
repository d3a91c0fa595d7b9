"""Kernels as functions of a DuckDB instance."""

from collections.abc import Iterable

import duckdb
from duckdb.func import ARROW, SPECIAL

from tap.kernels import KERNELS, Kernel

__all__ = ["register_functions"]


def register_functions(connection: duckdb.DuckDBPyConnection, kernels: Iterable[Kernel] = KERNELS.values()) -> None:
    """Give an instance the functions."""
    for kernel in kernels:
        # DuckDB gives a missing result for a missing argument by itself unless the function is "special".
        connection.create_function(
            kernel.name, kernel.function, list(kernel.arguments), kernel.result, type=ARROW, null_handling=SPECIAL
        )
