"""Benchmark of a query for one identifier beside a cone search, on the stored rows of a large table.

Claim: among 10 million rows, the row of an identifier is found in at most twice the time of a cone search, also when no
row has it, for identifiers that are numbers and that are texts, in no order with the positions.

The rows are stored as those of products are; the times are from the SQL of the engine to its last batch. The numbers of
row groups that the Bloom filters leave are not printed: the time is what counts.

Run: python -m benchmarks.identifier_lookup [--rows 10000000] [--rounds 15]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.columns import HEALPIX_COLUMN, Column
from products.inspection.meanings import Meanings
from products.readers.base import TableReader
from products.readers.formats import FILE_FORMATS
from products.rows.derive import derive_rows
from products.rows.stored_columns import stored_names
from tap.adql import Catalog, CatalogTable, translate
from tap.engine import DuckDBEngine, EngineQuery, EngineTable

LIMIT = 2.0
NAMES = ("object_id", "name", "ra", "dec", "z", "mag_g", "mag_r", "mag_i")
TYPES = (pa.int64(), pa.string(), pa.float64(), pa.float64(), *[pa.float32()] * 4)
_MULTIPLIER = 2_654_435_761  # odd: a permutation of the numbers below a power of two


def identifiers(numbers: np.ndarray) -> np.ndarray:
    """Return identifiers of 18 digits without an order."""
    mixed: np.ndarray = numbers.astype(np.uint64) * np.uint64(_MULTIPLIER) % np.uint64(2**40)
    return mixed.astype(np.int64) + 10**17
