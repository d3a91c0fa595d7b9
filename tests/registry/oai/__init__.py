"""Tests of harvests by OAI-PMH."""
