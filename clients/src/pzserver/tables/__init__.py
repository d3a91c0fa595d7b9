"""Rows of tables through TAP, sent as Arrow."""
