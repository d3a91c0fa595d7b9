"""Validation of records: by the official schemas, and by what registries ask for beyond them."""
