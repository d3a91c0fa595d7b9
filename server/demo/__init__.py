"""Demonstration data: simulated catalogues."""
