"""Lifecycle of products: upload, inspection, publication, versions, deletion."""
