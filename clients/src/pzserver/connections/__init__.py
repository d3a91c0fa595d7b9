"""Authenticated HTTP connections: tokens, redirects, retries, timeouts and errors."""

__all__: list[str] = []
