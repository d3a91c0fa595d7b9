"""Tests of the readers of densities."""
