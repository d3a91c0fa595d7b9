"""Tests of the tables of RegTAP."""
