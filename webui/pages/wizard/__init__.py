"""Wizard that registers a product, one module a step."""
