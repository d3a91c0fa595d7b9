"""Tests of HATS catalogues of tables."""
