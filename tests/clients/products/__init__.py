"""Products by the library."""
