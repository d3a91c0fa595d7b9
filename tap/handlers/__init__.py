"""HTTP handlers, one module for each protocol: TAP, Simple Cone Search, DataLink, user tables."""
