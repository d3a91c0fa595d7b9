"""Pipelines of the server: their parameters, and runs of them."""

__all__: list[str] = []
