"""Metadata of tables: the tables a caller may query, TAP_SCHEMA, VOSI tableset, capabilities."""
