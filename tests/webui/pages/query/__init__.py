"""Tests of the query page."""
