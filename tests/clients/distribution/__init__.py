"""Distributions of the library."""
