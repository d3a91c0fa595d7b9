"""Tests of the data explorer."""
