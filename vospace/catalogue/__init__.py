"""Nodes below /products, which are made from the catalogue."""
