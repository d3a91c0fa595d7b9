"""Metadata of tables: table sets of identities, TAP_SCHEMA, VOSI tableset, capabilities."""
