"""Names and classes of version 0.3 of this library."""
