"""Readers of text tables: delimited text and ECSV."""
