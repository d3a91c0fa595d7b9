"""Readers of table files: CSV, FITS, HDF5, Parquet, VOTable and ECSV to Arrow record batches with their meanings."""

from products.readers.base import ReadLimits, TableReader
from products.readers.opening import open_table

__all__ = ["ReadLimits", "TableReader", "open_table"]
