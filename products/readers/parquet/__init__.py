"""Readers of Parquet files and of HATS catalogues."""
