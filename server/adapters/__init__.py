"""Adapters between packages that must not import each other."""
