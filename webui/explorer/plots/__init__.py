"""Plots of a selection of rows: specifications, bins computed by the query engine, and drawings."""
