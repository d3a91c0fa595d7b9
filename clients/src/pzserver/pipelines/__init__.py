"""Pipelines of the server: their parameters, and runs of them."""
