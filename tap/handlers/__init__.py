"""HTTP handlers, one module a protocol: TAP, Simple Cone Search, DataLink, tables of users."""
