"""Pipelines that compute products from products: combination of redshift catalogues, training sets."""
