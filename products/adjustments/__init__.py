"""Adjustments of a table after it is read: missing values, and positions in ICRS degrees."""
