"""Drafts: products that are being uploaded, from tables in memory, files and folders, to their publication."""
