"""Readers of table files of all `FILE_FORMATS` to Arrow record batches with their meanings."""

from products.readers.base import ReadLimits, TableReader
from products.readers.opening import open_table

__all__ = ["ReadLimits", "TableReader", "open_table"]
