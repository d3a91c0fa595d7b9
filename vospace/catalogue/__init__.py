"""Nodes below ``/products``, derived from the catalogue of products."""
