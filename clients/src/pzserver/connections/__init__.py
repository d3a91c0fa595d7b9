"""Authenticated HTTP connections: tokens, redirects, retries, timeouts and errors."""
