"""Harvesting of records by OAI-PMH 2.0."""
