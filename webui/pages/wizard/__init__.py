"""Wizard that registers a product, one module per step."""
