"""Inputs of pipelines: products, files in VOSpace, columns, configuration."""
