"""Files in VOSpace by the library."""
