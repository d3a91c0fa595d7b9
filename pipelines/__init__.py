"""Pipelines that make products of products: combining redshift catalogues, making training sets."""
