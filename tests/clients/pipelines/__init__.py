"""Pipelines by the library."""
