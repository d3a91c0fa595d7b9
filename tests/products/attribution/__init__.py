"""Tests of the attribution of products."""
