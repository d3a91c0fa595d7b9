"""Readers of table files: from all `FILE_FORMATS` to Arrow record batches with column metadata."""

from products.readers.base import ReadLimits, TableChoice, TableReader
from products.readers.opening import open_table

__all__ = ["ReadLimits", "TableChoice", "TableReader", "open_table"]
