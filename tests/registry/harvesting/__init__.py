"""Tests of the harvests of other registries."""
