"""Rows of tabular products as Parquet files sorted by HEALPix, for the query engine."""
