"""Inspection of tables: statistics, footprint, N(z), and guesses of column meanings."""
