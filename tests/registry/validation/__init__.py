"""Tests of the validation of records."""
