"""Lifecycle of a product: upload, inspection, publication, versions, deletion."""
